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
# timeout_ms = 5000                        # instead of fetch.timeout_ms
# credentials_file = "keys/tsa2"           # one line user:password, mode 600

[trust]
roots = ["trust/root.pem"]        # the roots that seals, time-stamps and status answers chain to

[fetch]
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

# Instead of key_file and certificate_file, a table for a key of any kind. All kinds:
#   signature = "pss"             # RSA only: pss (default where the key can) or pkcs1
#   digest = "sha256"             # sha256, sha384 or sha512; default: what suits the key. Ed25519 has its own
#   …_file holds a password or PIN in a file of mode 600; …_credential names one of systemd's LoadCredential= instead
#
# [office.stamp]                  # pictures for visible signatures; without them copies and plain lines only
# seal_png = "pictures/H49.png"   # the seal, red on transparent
# seal_width_mm = 36              # its real width; 15 to 60
# signature_png = "pictures/chu-tich.png"   # the hand signature, blue on transparent
# signature_width_mm = 40         # 10 to 90
# [office.keys.van-thu]           # a further key of this office, of any kind below: `antin sign --key van-thu`
# kind = "pem"
# key_file = "keys/van-thu.key"
# certificate_file = "keys/van-thu.pem"
#
# [office.key]                    # kind: an encrypted PEM file
# kind = "pem"
# key_file = "keys/H49.key"
# password_file = "keys/H49.password"
# certificate_file = "keys/H49.pem"
#
# [office.key]                    # kind: a PKCS#12 file (.p12, .pfx)
# kind = "pkcs12"
# file = "keys/H49.p12"
# password_credential = "h49-p12"
# certificate_file = "keys/H49.pem"   # only where the file lacks the issuers
#
# [office.key]                    # kind: a token or security module (PKCS#11)
# kind = "pkcs11"
# module = "lib/pkcs11.so"        # the maker's library
# token = "Con dau H49"           # the token's label, or: token_serial = "…"
# key = "con-dau"                 # the private key's label, and/or: key_id = "a1b2"; neither: its only one
# pin_file = "keys/H49.pin"
# certificate_file = "keys/H49.pem"   # default: the token's own certificate with the key's id
# sessions = 8                    # signatures at a time, 1 to 256
#
# [office.key]                    # kind: a remote signing service (Cloud Signature Consortium API v2)
# kind = "csc"
# url = "https://rssp.example.vn/csc/v2"
# credential = "H49-seal"         # default: the only one that the service lists
# client_id = "antin"             # OAuth client credentials, and/or client_certificate_file with client_key_file (mutual TLS)
# client_secret_file = "keys/csc.secret"
# token_url = "https://rssp.example.vn/oauth2/token"   # default: what the service's info says
# pin_file = "keys/H49.pin"       # where the credential asks for one
# authorization = "sad"           # sad, or bearer where the access token says it all
# signatures_per_authorization = 1    # more: as far as the credential allows, one after the other
# ca_file = "trust/root.pem"      # roots of the service's TLS certificate; default: the system's
# specs = "2.0.0.2"               # default: what the service's info says
# approval_s = 120                # how long somebody may take to approve elsewhere, 0 to 600
# timeout_ms = 10000              # 1 to 60000
# plain_http = ["127.0.0.1:8083"] # loopback or private addresses that may be asked without TLS

# [[signatory]]                   # whose certificate is whose, and from when until when; a seal that is not named here is its
# office = "H49"                  # office's for as long as its certificate is valid
# person = "Nguyễn Văn A"         # person and post; without both it is the office's seal
# post = "Chủ tịch"
# from = "2026-01-01"
# until = "2030-12-31"            # to the end of that day in Vietnam
# certificate_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"

[[client]]
name = "Bộ phận Một cửa"
role = "clerk"                    # clerk: files results for its office; auditor: sweeps
office = "H49"
key_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"   # from `antin key new`
"#
}
