# fish completion of ircd-lite(8)

complete -c ircd-lite -f
complete -c ircd-lite -s d -d 'run in the background'
complete -c ircd-lite -s f -rF -d 'read this configuration'
complete -c ircd-lite -s H -d 'make a password hash'
complete -c ircd-lite -s h -d 'print the usage'
complete -c ircd-lite -s i -d 'serve the connection on descriptor 0 (inetd)'
complete -c ircd-lite -s l -rF -d 'listen on an address'
complete -c ircd-lite -s n -d 'check the configuration'
complete -c ircd-lite -s R -xa '(__fish_complete_directories)' -d 'run directory'
complete -c ircd-lite -s u -xa '(__fish_complete_users)' -d 'user to run as'
complete -c ircd-lite -s V -d 'print the version'
complete -c ircd-lite -s v -d 'say what is done'
