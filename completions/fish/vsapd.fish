# fish completion of vsapd(8)

complete -c vsapd -f
complete -c vsapd -s A -rF -d 'make AUTH mandatory: file of user:hash lines'
complete -c vsapd -s a -x -d 'admit control connections from a network'
complete -c vsapd -s b -x -d 'permit BIND of ports or addresses'
complete -c vsapd -s c -x -d 'permit CONNECT to a destination'
complete -c vsapd -s d -d 'run in the background'
complete -c vsapd -s g -xa '(__fish_complete_groups)' -d 'group that may use the UNIX control socket'
complete -c vsapd -s h -d 'print the usage'
complete -c vsapd -s i -d 'serve the connection on descriptor 0 (inetd)'
complete -c vsapd -s j -x -d 'number of relay workers'
complete -c vsapd -s K -d 'end orphaned workers'
complete -c vsapd -s l -rF -d 'listen on an address'
complete -c vsapd -s R -xa '(__fish_complete_directories)' -d 'run directory'
complete -c vsapd -s r -rF -d 'pass requests on to an upstream gateway'
complete -c vsapd -s u -xa '(__fish_complete_users)' -d 'user to run as'
complete -c vsapd -s V -d 'print the version'
complete -c vsapd -s v -d 'say what is done'
