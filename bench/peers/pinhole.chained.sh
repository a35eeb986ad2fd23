# The parent runs on the load's core, and outside the tree of processes that is measured.
(taskset --cpu-list @LOAD_CORE@ @BIN@/pinhole serve --config @DIR@/parent.yaml --log json &)
exec @BIN@/pinhole serve --config @DIR@/pinhole.yaml --log json
