#ifndef HOSTS_GO_HOST_H
#define HOSTS_GO_HOST_H

#include "peer.h"

/* A peer whose modules import a function of Go's, by its handle. */
peer *peer_of_go(const char *text, bool pooled, uintptr_t log);

#endif
