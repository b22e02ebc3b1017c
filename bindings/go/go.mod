module precast

go 1.21
