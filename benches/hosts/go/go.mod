module hosts

go 1.22

require precast v0.0.0

replace precast => ../../../bindings/go
