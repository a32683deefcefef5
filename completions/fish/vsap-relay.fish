# fish completion of vsap-relay(1)

complete -c vsap-relay -f
complete -c vsap-relay -s 4 -d 'use IPv4 only'
complete -c vsap-relay -s 6 -d 'use IPv6 only'
complete -c vsap-relay -s h -d 'print the usage'
complete -c vsap-relay -l idle -x -d 'end a stream that is idle for these seconds'
complete -c vsap-relay -s l -rF -d 'listen on an address'
complete -c vsap-relay -s s -rF -d 'gateway to use'
complete -c vsap-relay -s V -d 'print the version'
complete -c vsap-relay -s v -d 'say what is done'
complete -c vsap-relay -s w -x -d 'seconds to wait'
