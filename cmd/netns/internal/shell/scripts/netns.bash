# Completion of netns in bash, with or without the package bash-completion.

_netns() {
    local netns=${1/#\~\//$HOME/} words
    type -P -- "$netns" >/dev/null || netns=netns
    COMPREPLY=()
    if [[ ${3-} == *[\<\>] ]]; then
        compopt -o default 2>/dev/null
        return
    fi
    mapfile -t words < <(command "$netns" __complete -- bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
    case ${words[0]-} in
    $'\tdirectories') compopt -o dirnames 2>/dev/null ;;
    $'\tcommand\t'*) _netns_command "${words[0]#$'\tcommand\t'}" ;;
    *) COMPREPLY=("${words[@]}") ;;
    esac
}

# _netns_command completes the end of the line, which is another command's line.
_netns_command() {
    local rest=${COMP_LINE:0:COMP_POINT} first=0
    while [[ $rest != "$1" && $first -lt $COMP_CWORD ]]; do
        rest=${rest#"${rest%%[![:space:]]*}"}
        rest=${rest#"${COMP_WORDS[first]}"}
        rest=${rest#"${rest%%[![:space:]]*}"}
        ((++first))
    done
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$first"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$first"
    elif ((first == COMP_CWORD)); then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -A command -- "${COMP_WORDS[first]}" | sort -u)
    else
        compopt -o default 2>/dev/null
    fi
}

complete -F _netns netns
