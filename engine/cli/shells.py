"""How bash and zsh ask Cantus what to complete. Fish asks as click has it.

Click's own scripts put a space behind every word, also behind `training.epochs=`, and bash cuts
words at `=` and `:`, which click does not know.
"""

import os
import re

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

_BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' answers answer type value
    answers=$(COMP_LINE="$COMP_LINE" COMP_POINT="$COMP_POINT" \\
        COMP_WORDBREAKS="$COMP_WORDBREAKS" %(complete_var)s=bash_complete "$1" 2>/dev/null)
    COMPREPLY=()
    for answer in $answers; do
        type=${answer%%%%,*} value=${answer#*,}
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            *) COMPREPLY+=("$value") ;;
        esac
        case $value in *[=.]) compopt -o nospace ;; esac
    done
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
_ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a described open answers
    local type value help
    answers=("${(@f)$(COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \\
        %(complete_var)s=zsh_complete ${words[1]} 2>/dev/null)}")
    for type value help in $answers; do
        case $type in
            dir) _path_files -/ ;;
            file) _path_files -f ;;
            *)
                if [[ $value == *[=.] ]]; then
                    open+=("$value")
                elif [[ $help == _ ]]; then
                    described+=("${value//:/\\\\:}")
                else
                    described+=("${value//:/\\\\:}:$help")
                fi ;;
        esac
    done
    (( $#described )) && _describe -V %(prog_name)s described
    (( $#open )) && compadd -V open -S '' -a open
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


class Bash(BashComplete):
    """Bash: the line as it is typed, up to the cursor."""

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one at the cursor, and what is typed of that."""
        line = os.environ["COMP_LINE"][: int(os.environ["COMP_POINT"])]
        words = split_arg_string(line)
        word = "" if line[-1:].isspace() or not words else words.pop()
        return words[1:], word

    def format_completion(self, item: CompletionItem) -> str:
        """Type and value; of the value what bash puts behind the last `=` or `:` of the word."""
        breaks = set(os.environ["COMP_WORDBREAKS"]) & set("=:")
        word = self.get_completion_args()[1]
        kept = max((word.rfind(char) + 1 for char in breaks), default=0)
        value = item.value[kept:] if item.value.startswith(word[:kept]) else item.value
        return f"{item.type},{value}"


class Zsh(ZshComplete):
    """Zsh: a word that goes on, such as `training.epochs=`, gets no space."""

    source_template = _ZSH

    def format_completion(self, item: CompletionItem) -> str:
        """Type, value and explanation, a line each."""
        help_ = re.sub(r"\s+", " ", item.help or "_")
        return f"{item.type}\n{item.value}\n{help_}"


def register() -> None:
    """Have click use these."""
    add_completion_class(Bash)
    add_completion_class(Zsh)
