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

[signing]
# level = "B-T"                   # of results for which none is asked: B-B, B-T, B-LT or B-LTA. The last two are reached in the
#                                 # background and keep a signature provable after its certificates have ended; the file is then kept twice

[timestamp]
urls = ["http://tsa.example.gov.vn/tsa"]   # RFC 3161 authorities, tried in this order
# max_drift_s = 300                        # refuse a time-stamp further than this from our clock; 1 to 86400
# budget_ms = 20000                        # all tries for one time-stamp together; 1 to 120000
# [[timestamp.authority]]                  # one that needs more to be said of it; tried after those above
# url = "https://tsa2.example.gov.vn/tsa"
# policies = ["1.3.6.1.4.1.99999.1"]       # accept its tokens under these policies only
# timeout_ms = 5000                        # instead of that of [fetch]
# timeout_ms = 5000               # one request; 1 to 60000
# list_timeout_ms = 15000         # one revocation list, which may have tens of MB; 1 to 600000
# budget_ms = 20000               # everything about the status of one certificate; 1 to 600000
# ocsp_nonce = "offered"          # or "required", or "omitted" (short requests then go by GET, which caches can answer)
# cache_dir = "cache"             # revocation lists, status answers and issuers' certificates; may be deleted at any time
# cache_max_bytes = 536870912     # all of it together; at least 134217728
# allow_private = ["10.0.0.5:80"] # private addresses (host:port) that may be fetched from; others are refused. Whoever makes a
#                                 # certificate can have them asked. The hosts of [timestamp] are not needed here
# [[fetch.rewrite]]               # for addresses in certificates that no longer answer
# from = "http://ocsp.old.example"
# to = "http://ocsp.example.gov.vn"

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
