# fish completion of vsap-bind(1)

# How many words that are no options stand before the one being completed.
function __vsap_bind_words
    set -l n 0
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if test $n = 0; and string match -qr -- '^(-[amNPpstwx]|--(ca|cert|key|pin|rate|tls-name))$' $word
            set skip 1
        else if test $n -gt 0; or not string match -q -- '-*' $word
            set n (math $n + 1)
        end
    end
    echo $n
end

complete -c vsap-bind -n 'test (__vsap_bind_words) -lt 2' -f
complete -c vsap-bind -n 'test (__vsap_bind_words) = 1' -xa '(__fish_complete_command)'
complete -c vsap-bind -s 4 -d 'use IPv4 only'
complete -c vsap-bind -s 6 -d 'use IPv6 only'
complete -c vsap-bind -s a -x -d 'network that visitors may come from'
complete -c vsap-bind -s h -d 'print the usage'
complete -c vsap-bind -s k -d 'take one connection after another'
complete -c vsap-bind -s m -x -d 'connections served at once, at most'
complete -c vsap-bind -s N -x -d 'idle connections kept waiting at the gateway'
complete -c vsap-bind -s P -xa 'v1 v2' -d 'begin with a PROXY protocol header'
complete -c vsap-bind -s p -x -d 'priority among acceptors'
complete -c vsap-bind -s s -rF -d 'gateway to use'
complete -c vsap-bind -s t -rF -d 'deliver to an address instead of standard output'
complete -c vsap-bind -s V -d 'print the version'
complete -c vsap-bind -s v -d 'say what is done'
complete -c vsap-bind -s w -x -d 'seconds to wait'
complete -c vsap-bind -s x -x -d 'HTTP proxy on the way to the gateway'
complete -c vsap-bind -l ca -rF -d 'certificates to trust'
complete -c vsap-bind -l cert -rF -d 'certificate to show to the gateway'
complete -c vsap-bind -l key -rF -d 'key of that certificate'
complete -c vsap-bind -l no-verify -d 'do not look at the certificate of the gateway'
complete -c vsap-bind -l pin -x -d 'fingerprint of the certificate of the gateway'
complete -c vsap-bind -l rate -x -d 'connections a minute from one source'
complete -c vsap-bind -l tls-name -x -d 'name in the certificate of the gateway'
