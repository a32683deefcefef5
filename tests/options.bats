# usage(), getopt, manual page and the three completions name the same
# options, and a letter means one thing in all programs.

load lib/common

page_of() {
    case $1 in
    vsapd | ircd-lite) echo "$ROOT/man/$1.8" ;;
    *) echo "$ROOT/man/$1.1" ;;
    esac
}

# The exit status of a wrong usage: daemons have 1, clients 100.
wrong_usage() { # PROGRAM
    case $1 in vsapd | ircd-lite) echo 1 ;; *) echo 100 ;; esac
}

letters() { # any text on standard input: its letters and digits, sorted
    grep -o '[[:alnum:]]' | sort -u | tr -d '\n'
}

# The letters of each place.  What takes an argument is written "x:".

in_getopt() { # PROGRAM
    grep -hoE 'getopt(_long)?\([^"]*"[^"]*"' "$ROOT/bin/$1"/*.c | head -1 |
        sed 's/.*"\(.*\)"/\1/; s/^[:+]*//' | grep -o '[[:alnum:]]:*' |
        sort -u | tr -d '\n'
}

in_usage() { # PROGRAM: [-dhV] and [-l address]...
    "$1" -h | grep -oE '\[-[[:alnum:]]+( [^]]+)?\]' | sed 's/[][-]//g' |
        while read -r flags arg; do
            if [ -n "$arg" ]; then
                echo "$flags:"
            else
                grep -o . <<<"$flags"
            fi
        done | sort -u | tr -d '\n'
}

in_page() { # PROGRAM: .It Fl l Ar address
    awk '/^\.It Fl / { print $3 ($4 == "Ar" || $4 == "Cm" ? ":" : "") }' \
        "$(page_of "$1")" | grep -E '^[[:alnum:]]:?$' | sort -u | tr -d '\n'
}

in_bash() { # PROGRAM
    grep -oE "compgen -W '-[^']*'" "$ROOT/completions/bash/$1" |
        sed 's/^compgen -W//; s/--[a-z-]*//g' | letters
}

in_zsh() { # PROGRAM
    grep -oE "^ +'(\([^)]*\))?\*?-[[:alnum:]]\[[^]]*\]:?" \
        "$ROOT/completions/zsh/_$1" |
        sed -E 's/.*-([[:alnum:]])\[.*\](:?)$/\1\2/' | sort -u | tr -d '\n'
}

in_fish() { # PROGRAM
    sed -nE 's/^complete .* -s ([[:alnum:]])( -(x|xa|rF)\>)?.*/\1\2/p' \
        "$ROOT/completions/fish/$1.fish" | sed 's/ -.*/:/' | sort -u |
        tr -d '\n'
}

same_everywhere() { # PROGRAM
    local want

    want=$(in_getopt "$1")
    [ -n "$want" ]
    assert_equal "usage $(in_usage "$1")" "usage $want"
    assert_equal "manual $(in_page "$1")" "manual $want"
    assert_equal "zsh $(in_zsh "$1")" "zsh $want"
    assert_equal "fish $(in_fish "$1")" "fish $want"
    assert_equal "bash $(in_bash "$1")" "bash $(letters <<<"$want")"
}

@test "vsapd has the same options in code, usage, manual and completions" {
    same_everywhere vsapd
}

@test "vsap-bind has the same options in code, usage, manual and completions" {
    same_everywhere vsap-bind
}

@test "vsap-connect has the same options in code, usage, manual and completions" {
    same_everywhere vsap-connect
}

@test "vsap-relay has the same options in code, usage, manual and completions" {
    same_everywhere vsap-relay
}

@test "ircd-lite has the same options in code, usage, manual and completions" {
    same_everywhere ircd-lite
}

@test "long options, too, are the same in all of these places" {
    local p o want shared

    for p in $PROGRAMS; do
        shared=
        ! grep -q GWOPTS_LONG "$ROOT/bin/$p"/*.c ||
            shared=$ROOT/libcommon/gwopts.h
        want=$(sed -nE 's/^[[:space:]]*\{ "([a-z-]+)", (no|required)_arg.*/\1/p' \
            "$ROOT/bin/$p"/*.c $shared | sort)
        assert_equal "$p $("$p" -h | grep -oE '\[--[a-z-]+' | sed 's/^\[--//' |
            sort -u)" "$p $want"
        assert_equal "$(sed -nE 's/^\.It Fl -([a-z-]+).*/\1/p' \
            "$(page_of "$p")" | sort)" "$want"
        for o in $want; do
            grep -qE -- "compgen -W '.*--$o\>" "$ROOT/completions/bash/$p"
            grep -qE -- "^ +'\*?--$o\>" "$ROOT/completions/zsh/_$p"
            grep -qE -- "^complete .* -l $o\>" "$ROOT/completions/fish/$p.fish"
        done
    done
}

@test "the manual's SYNOPSIS names each option that OPTIONS explains" {
    local p synopsis

    for p in $PROGRAMS; do
        synopsis=$(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' \
            "$(page_of "$p")" |
            sed -nE 's/^\.(Op|Oo) Fl ([[:alnum:]]+).*/\2/p;
                s/^\.Fl ([[:alnum:]]+).*/\1/p' | letters)
        assert_equal "$p $synopsis" "$p $(in_getopt "$p" | letters)"
    done
}

@test "a letter means one thing in all programs" {
    # "letter argument" of every usage line; the argument tells the meaning,
    # a letter without one keeps its word in the completions.
    local p

    for p in $PROGRAMS; do
        "$p" -h | grep -oE '\[-[[:alnum:]] [^]]+\]' | tr -d '[]'
        sed -nE "s/^complete .* -s ([[:alnum:]]) -d '(.*)'/-\1 \"\2\"/p" \
            "$ROOT/completions/fish/$p.fish"
    done | sort -u >meanings
    run awk '{ if ($1 in seen) print "two meanings of " $1; seen[$1] }' meanings
    cat meanings
    assert_output ""
}

@test "options stand in alphabetical order in the manual" {
    local p

    for p in $PROGRAMS; do
        awk '/^\.It Fl / { print $3 }' "$(page_of "$p")" |
            grep -xE '[[:alnum:]]' >order
        # Digits, then letters; a capital before its small letter.
        sed -E 's/^([[:upper:]])$/\L\1 0&/; s/^([[:lower:]])$/\1 1&/' order |
            LC_ALL=C sort -c
    done
}

@test "-h prints the usage on stdout and has status 0" {
    local p

    for p in $PROGRAMS; do
        run --separate-stderr "$p" -h
        assert_success
        assert_output --partial "usage: $p "
        [ -z "$stderr" ]
    done
}

@test "-V prints name and version" {
    local p

    for p in $PROGRAMS; do
        run --separate-stderr "$p" -V
        assert_success
        assert_output --regexp "^$p [0-9]+\.[0-9]+$"
    done
}

@test "an option that does not exist is named, with the usage on stderr" {
    local p want

    for p in $PROGRAMS; do
        want=$(wrong_usage "$p")
        run --separate-stderr "$p" -Z
        assert_equal "$p $status" "$p $want"
        assert_output ""
        [[ $stderr == *Z* && $stderr == *"usage: $p "* ]]
    done
}

@test "every option with an argument refuses to stand without it" {
    local p o want

    for p in $PROGRAMS; do
        want=$(wrong_usage "$p")
        for o in $(in_getopt "$p" | grep -o '[[:alnum:]]:' | tr -d :); do
            run --separate-stderr "$p" "-$o"
            assert_equal "$p -$o $status" "$p -$o $want"
            [[ $stderr == *"$o"* ]]
        done
    done
}

@test "bash loads the completions and offers the options" {
    local p

    for p in $PROGRAMS; do
        run bash -euc '. "$1/completions/bash/$2"
            COMP_LINE="$2 -" COMP_POINT=${#COMP_LINE}
            COMP_WORDS=("$2" -) COMP_CWORD=1
            fn=$(complete -p "$2" | sed "s/.*-F \([^ ]*\).*/\1/")
            $fn; printf "%s" "${COMPREPLY[@]%%--*}"' - "$ROOT" "$p"
        assert_success
        assert_equal "$p $(letters <<<"$output")" \
            "$p $(in_getopt "$p" | letters)"
    done
}

@test "bash completes a command behind vsap-bind's address" {
    run bash -euc '. "$1/completions/bash/vsap-bind"
        COMP_LINE="vsap-bind -s gw:8706 :8080 soca" COMP_POINT=${#COMP_LINE}
        COMP_WORDS=(vsap-bind -s gw : 8706 : 8080 soca) COMP_CWORD=7
        _vsap_bind; echo "${COMPREPLY[0]}"' - "$ROOT"
    assert_output socat
}

@test "zsh loads the completions" {
    local p

    need zsh
    for p in $PROGRAMS; do
        run zsh -fc 'fpath=($1/completions/zsh $fpath)
            autoload -U compinit && compinit -D -u
            autoload -U +X _$2 && [[ ${_comps[$2]} == _$2 ]] && echo loaded' \
            - "$ROOT" "$p"
        assert_success
        assert_output loaded
    done
}

@test "fish loads the completions and offers the options" {
    local p

    need fish
    export HOME=$BATS_TEST_TMPDIR
    for p in $PROGRAMS; do
        run fish --no-config -c 'source $argv[1]/completions/fish/$argv[2].fish
            complete -C "$argv[2] -"' "$ROOT" "$p"
        assert_success
        refute_output --partial error
        assert_equal "$p $(sed -nE 's/^-([[:alnum:]])\t.*/\1/p' <<<"$output" |
            letters)" "$p $(in_getopt "$p" | letters)"
    done
}

# ---- what ircd-lite(8) says beside its options ------------------------------

@test "the manual explains every command that the server has, and no other" {
    sed -nE 's/^\t\{ "([A-Z]+)", .*/\1/p' "$ROOT/bin/ircd-lite/cmd.c" |
        sort >has
    [ "$(wc -l <has)" -gt 40 ]
    sed -n '/^\.Sh COMMANDS/,/^\.Sh MODES/p' "$ROOT/man/ircd-lite.8" |
        grep '^\.It Ic ' | grep -oE 'Ic [A-Z]+' | sed 's/Ic //' | sort >said
    diff has said
}

@test "the manual's modes are those that the server tells" {
    local page=$ROOT/man/ircd-lite.8 header=$ROOT/bin/ircd-lite/actions.h

    defined() { # NAME in actions.h
        sed -nE "s/^#define $1 \"([A-Za-z]+)\"/\1/p" "$header"
    }
    explained() { # SUBSECTION of MODES
        awk -v name="$1" '/^\.Sh / { modes = $2 == "MODES" }
            /^\.Ss / { on = modes && $2 == name }
            on && /^\.It Cm . Ta/ { print $3 }' "$page" | LC_ALL=C sort |
            tr -d '\n'
    }
    assert_equal "$(explained Channels)" "$(defined CMODE_LETTERS)"
    assert_equal "$(explained Users)" "$(defined UMODE_LETTERS)"
}

@test "the manual's limits are those of the code" {
    sed -nE 's/^\.It Li ([A-Z_]+) Ta ([0-9]+) Ta .*/\1 \2/p' \
        "$ROOT/man/ircd-lite.8" | sort >said
    [ "$(wc -l <said)" -gt 25 ]
    while read -r name number; do
        # A product is written as one.
        want=$(sed -nE "s/^#define $name[[:space:]]+([^\/]*).*/\1/p" \
            "$ROOT/bin/ircd-lite/limits.h")
        [ -n "$want" ] || fail "$name is no limit of the code"
        assert_equal "$name $number" "$name $((want))"
    done <said
}
