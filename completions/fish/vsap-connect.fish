# fish completion of vsap-connect(1)

complete -c vsap-connect -f
complete -c vsap-connect -s 4 -d 'use IPv4 only'
complete -c vsap-connect -s 6 -d 'use IPv6 only'
complete -c vsap-connect -s F -d 'pass the connection itself to standard output'
complete -c vsap-connect -s h -d 'print the usage'
complete -c vsap-connect -s s -rF -d 'gateway to use'
complete -c vsap-connect -s V -d 'print the version'
complete -c vsap-connect -s v -d 'say what is done'
complete -c vsap-connect -s w -x -d 'seconds to wait'
complete -c vsap-connect -s x -x -d 'HTTP proxy on the way to the gateway'
complete -c vsap-connect -l ca -rF -d 'certificates to trust'
complete -c vsap-connect -l cert -rF -d 'certificate to show to the gateway'
complete -c vsap-connect -l key -rF -d 'key of that certificate'
complete -c vsap-connect -l no-verify -d 'do not look at the certificate of the gateway'
complete -c vsap-connect -l pin -x -d 'fingerprint of the certificate of the gateway'
complete -c vsap-connect -l tls-name -x -d 'name in the certificate of the gateway'
