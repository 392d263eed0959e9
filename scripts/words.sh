#!/bin/sh
# shellcheck disable=SC2016  # the dollar signs are awk's
# Refuses the words that docs/GLOSSARY.md replaces, in the places where scripts/words.txt says so:
#
#   docs      README, CONTRIBUTING, docs/, templates for issues, the newest version in CHANGELOG.
#             Code, and the labels of pages in *italics*, are data there.
#   pages     the English texts of the panel: the keys in locales/ (a test holds that they are all)
#   messages  what the program says otherwise: texts in string literals of the sources; tests, and
#             GitLab's own words in its stand-in, left out
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

texts=$(mktemp -d)
trap 'rm -rf "$texts"' EXIT

# Each extractor writes lines of "file:line<TAB>text".

find README.md CONTRIBUTING.md CHANGELOG.md docs .gitlab -name '*.md' | sort | xargs awk '
    FNR == 1 { fence = 0; versions = 0 }
    /^ *```/ { fence = !fence; next }
    FILENAME == "CHANGELOG.md" && /^## \[[0-9]/ { versions++ }
    fence || versions > 1 { next }
    {
        gsub(/`[^`]*`/, "")
        gsub(/\]\([^)]*\)/, "]")
        gsub(/\*\*/, "")
        gsub(/\*[^*]*\*/, "")
        print FILENAME ":" FNR "\t" $0
    }
' >"$texts/docs"

find locales -name '*.po' | sort | xargs awk '
    /^msgid(_plural)? / { key = 1; sub(/^[a-z_]+ /, "") }
    /^msgstr/ { key = 0 }
    key && /^"/ { gsub(/\{[^}]*\}/, "{}"); print FILENAME ":" FNR "\t" $0 }
' >"$texts/pages"

find src crates -name '*.rs' ! -path '*/tests/*' ! -name tests.rs ! -path 'crates/gitlab-stand-in/*' | sort | xargs awk -v mark="'" '
    # The letter that is a quotation mark begins no text.
    BEGIN { quotation = mark "\\\\?\"" mark }
    FNR == 1 { text = ""; inside = 0; raw = ""; test = 0; tests = 0 }
    /^#\[cfg\(test\)\]$/ { test = 1; next }
    test && /^(pub )?mod / { tests = 1 }
    { test = 0 }
    tests { next }
    {
        gsub(quotation, "0")
        for (i = 1; i <= length($0); i++) {
            c = substr($0, i, 1)
            if (!inside) {
                if (substr($0, i, 2) == "//") break
                if (c == "r" && match(substr($0, i), /^r#+"/)) {
                    raw = "\"" substr($0, i + 1, RLENGTH - 2)
                    i += RLENGTH - 1
                } else if (c == "\"") {
                    raw = ""
                } else {
                    continue
                }
                inside = FNR
                text = ""
            } else if (raw != "" && substr($0, i, length(raw)) == raw) {
                i += length(raw) - 1; finish()
            } else if (raw == "" && c == "\"") {
                finish()
            } else if (raw == "" && c == "\\") {
                i++
            } else {
                text = text c
            }
        }
        if (inside) text = text " "
    }
    # A text has words; names, paths and keys have no space, and statements of SQL are not said.
    function finish() {
        gsub(/ +/, " ", text)
        gsub(/\{[^}]*\}/, "{}", text)
        if (text ~ /[a-z] [a-z]/ && text !~ /(SELECT|UPDATE|DELETE|WHERE|VALUES|INSERT|EXISTS|FROM) /)
            print FILENAME ":" inside "\t" text
        inside = 0
    }
' >"$texts/messages"

for place in docs pages messages; do
    [ -s "$texts/$place" ] || { say "no texts were found in $place"; exit 1; }
done
if ! printf 'x\tour records\n' | grep -qiP '\t.*\brecords?\b'; then
    say "the words are not checked: this grep does not know -P"
    exit 0
fi

found=0
while IFS= read -r rule; do
    case $rule in
    '' | '#'*) continue ;;
    esac
    places=${rule%%:*} rest=${rule#*: }
    pattern=${rest% => *} say=${rest##* => }
    for place in $places; do
        if hits=$(grep -iP "\t.*\b(?:$pattern)\b" "$texts/$place"); then
            found=1
            printf '%s\n' "$hits" | cut -c 1-140 | sed "s/\$/   [say: $say]/" >&2
        fi
    done
done <scripts/words.txt
[ "$found" -eq 0 ] || { say "these words have a standard term: docs/GLOSSARY.md"; exit 1; }
