#!/bin/sh
# In life: a line for a spreadsheet, a message to a channel. The event is the first argument.
[ -z "$AIRCALL_COLLECTOR" ] || printf '%s' "$1" | curl -s --data-binary @- "$AIRCALL_COLLECTOR"
