module precast

go 1.19
