# Completion of netns in fish.

function __netns_complete
    set -l words (commandline -opc)
    while string match -qr '^[A-Za-z_][A-Za-z_0-9]*=' -- $words[1]
        set -e words[1]
    end
    set -l netns $words[1]
    command -q -- $netns; or set netns netns
    set -e words[1]
    set -l last (commandline -ct)
    set -l answer (command $netns __complete -- words $words "$last" 2>/dev/null)
    switch "$answer[1]"
        case \t'directories'
            set -l option (string match -r -- '^-[^=]*=' "$last")
            for dir in (__fish_complete_directories (string replace -r -- '^-[^=]*=' '' "$last") '')
                echo "$option$dir"
            end
        case \t'command'\t'*'
            set -l first (math (string split \t -- $answer[1])[3] + 1)
            if test $first -gt (count $words)
                complete -C "$last"
            else
                complete -C (string join ' ' -- (string escape -- $words[$first..-1]) "$last")
            end
        case '*'
            test -n "$answer[1]"; and printf '%s\n' $answer
    end
end

complete -c netns -f -a '(__netns_complete)'
