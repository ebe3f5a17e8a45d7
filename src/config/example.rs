//! The example that `antin config example` prints: every key, with its meaning and default.

/// A whole configuration file; a test holds that it parses.
#[must_use]
pub fn example() -> &'static str {
    r#"# Antin: configuration. Relative paths start at the folder of this file.
# Check it with: antin config check --config FILE

# The public address of the pages, as printed on results. It can never change once results carry it.
base_url = "https://ketqua.example.gov.vn"

[server]
listen = "127.0.0.1:8080"         # pages, API and log; put a TLS proxy before it
admin_listen = "127.0.0.1:8081"   # /livez /readyz /metrics /version: never public
# workers = 2                     # default: one per core
# max_file_bytes = 52428800       # largest PDF; default 50 MiB, at most 200 MiB
# drain_s = 2                     # how long /readyz says "no" before a stop

[archive]
dir = "archive"                   # made by `antin init`
# cache_bytes = 16777216          # memory for the cache of each of its small databases

[log]
origin = "ketqua.example.gov.vn/log"   # names the public log for ever
key_file = "keys/log.key"              # made by `antin init`, mode 600

[timestamp]
urls = ["http://tsa.example.gov.vn/tsa"]   # RFC 3161 authorities, tried in this order
# max_drift_s = 300                        # refuse a time-stamp further than this from our clock; 1 to 86400

[trust]
roots = ["trust/root.pem"]        # the roots that seals, time-stamps and status answers chain to

[fetch]
# timeout_ms = 5000               # 1 to 60000
# allow_private = ["10.0.0.5:80"] # private addresses (host:port) that may be fetched from; others are refused. Whoever makes a
#                                 # certificate can have them asked. The hosts of [timestamp] are not needed here
# [[fetch.rewrite]]               # for addresses in certificates that no longer answer
# from = "http://ocsp.old.example"
# to = "http://ocsp.example.gov.vn"

[desk]
# signature_expires_s = 900       # a signature by hand waits so long for the person's key; 1 to 86400
# bridge_expires_s = 900          # so does a file that is out at a signing program
# batch_expires_s = 86400         # a batch waits so long for its consent
# keep_days = 30                  # how long what became of them can be asked for
# files_max_bytes = 10737418240   # room for the files of all of them
# batch_workers = 8               # results of batches worked on at once; default: four for each core, 8 to 64

[[office]]
code = "H49"                      # as in decision 20/2020/QD-TTg
name = "Ủy ban nhân dân tỉnh Quảng Ninh"
level = "province"                # province, district or commune
key_file = "keys/H49.key"         # PEM private key of the seal, mode 600
certificate_file = "keys/H49.pem" # PEM: the seal's certificate, then its issuers

[[client]]
name = "Bộ phận Một cửa"
role = "clerk"                    # clerk: files results for its office; auditor: sweeps
office = "H49"
key_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"   # from `antin key new`
"#
}
