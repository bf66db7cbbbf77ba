#compdef netns
# Completion of netns in zsh.

_netns() {
    local netns=${${(Q)words[1]}/#\~\//$HOME/} line
    local -a lines candidates
    whence -p -- $netns >/dev/null || netns=netns
    # An assignment in front of the command is not among the words.
    if [[ $LBUFFER == (#b)*NETNS_RUN_DIR=([^[:space:]]##)[[:space:]]* ]]; then
        local -x NETNS_RUN_DIR=${(Q)match[1]}
    fi
    lines=("${(@f)$(command $netns __complete -- words "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    case $lines[1] in
    '')
        return 1 ;;
    $'\tdirectories')
        [[ $PREFIX == -*=* ]] && compset -P '*='
        _directories ;;
    $'\tcommand\t'*)
        shift $(( ${lines[1]##*$'\t'} + 1 )) words
        (( CURRENT -= ${lines[1]##*$'\t'} + 1 ))
        _normal ;;
    *)
        for line in $lines; do # _describe wants word:description
            candidates+=("${${${line%%$'\t'*}//\\/\\\\}//:/\\:}")
            [[ $line == *$'\t'* ]] && candidates[-1]+=:${line#*$'\t'}
        done
        _describe netns candidates ;;
    esac
}

# The file is read by source, or becomes the function when that is first called.
compdef _netns netns
[[ $funcstack[1] == _netns ]] && _netns "$@"
