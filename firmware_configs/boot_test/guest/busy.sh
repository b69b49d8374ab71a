#!/bin/sh
# busy.sh enrol|exits|both TOKEN: people are enrolled with the command that an administrator types,
# and leave by the exit button, which the daemon records, without a pause until the power goes.
#
# Each line on the console is a promise: ADDED and REMOVED after the command has ended well, OPENED
# after the lock was seen released, which the daemon does only once it is recorded. ADDING and
# REMOVING announce what may or may not have happened when the power goes in between.
state=/run/boot-test-state

fail() {  # fail TOKEN FILE
    echo "FAILED $1 $(tr '\n' ' ' <"$2")"
    exit 1
}

enrol() {
    said=$state/said-enrol
    number=0
    while :; do
        token=$1-$number
        echo "ADDING $token"
        face-gate-enroll add "cut $token" --source /run/boot-test/films/enrol.mkv \
            --limit-s 0.4 --frames 2 --force-lookalike --json >"$said" 2>&1 || fail "$token" "$said"
        echo "ADDED $token"
        if [ "$number" -gt 0 ]; then
            before=$1-$((number - 1))
            echo "REMOVING $before"
            face-gate-enroll remove "cut $before" --yes --json >"$said" 2>&1 || fail "$before" "$said"
            echo "REMOVED $before"
        fi
        number=$((number + 1))
        [ "$number" -lt "${2:-1000000}" ] || exit 0
    done
}

exits() {
    number=0
    while :; do
        echo pull-up >$state/exit
        until [ "$(cat $state/lock)" = 1 ]; do :; done
        number=$((number + 1))
        echo "OPENED $1-$number"
        echo pull-down >$state/exit
        until [ "$(cat $state/lock)" = 0 ]; do sleep 0.05; done
        sleep 0.1
    done
}

echo "BUSY $2 $(cat /proc/sys/kernel/random/boot_id)"
case $1 in
once) enrol "$2" 1 ;;
enrol) enrol "$2" ;;
exits) exits "$2" ;;
both)
    exits "$2" &
    enrol "$2"
    ;;
esac
