//! Configurations with mistakes, each with how the messages about it begin, in order.

pub(crate) const BAD: &[(&str, &[&str])] = &[
    // Documents.
    ("listen: [", &["not YAML: "]),
    ("allow: {", &["not YAML: "]),
    ("allow: ]", &["1:8: not YAML: "]),
    ("\tallow: []", &["1:1: not YAML: "]),
    ("allow: []\n b: 1", &["2:2: not YAML: "]),
    ("a: 'b", &["not YAML: "]),
    ("a: \"\\q\"", &["1:5: not YAML: "]),
    ("a: &x [*x]", &["not YAML: "]),
    ("a: *nowhere", &["1:4: not YAML: "]),
    ("allow: !tag []", &["1:8: not YAML: "]),
    ("1: 2", &["1:1: not YAML: keys must be plain text"]),
    ("? [a]\n: b", &["1:1: not YAML: "]),
    ("a: 1\n---\nb: 2\n", &[" not YAML: "]),
    ("a: 1\n---\n", &[" not YAML: "]),
    ("[]", &["1:1: a list where a map belongs"]),
    ("text", &["1:1: text where a map belongs"]),
    ("5", &["1:1: a number where a map belongs"]),
    ("true", &["1:1: true or false where a map belongs"]),
    ("log: auto\nlog: json", &["1:6: log: this key stands twice"]),
    ("allow: []\nallow: []", &["1:8: allow: this key stands twice"]),
    ("dns: {servers: 10.0.0.1, servers: 10.0.0.2}", &["1:16: dns.servers: this key stands twice"]),
    ("<<: {log: json}", &["1:5: <<: unknown key `<<`; known are: listen, proxy_protocol, admin, "]),
    // Addresses.
    ("listen: 3128", &["1:9: listen: write an address with its port, such as 0.0.0.0:3128"]),
    ("listen: localhost:3128", &["1:9: listen: write an address"]),
    ("listen: 127.0.0.1", &["1:9: listen: write an address"]),
    ("listen: 127.0.0.1:65536", &["1:9: listen: write an address"]),
    ("listen: '::1:3128'", &["1:9: listen: write an address"]),
    ("listen: ':3128'", &["1:9: listen: write an address"]),
    ("listen: http://127.0.0.1:3128", &["1:9: listen: write an address"]),
    ("listen: []", &["1:9: listen: name at least one address"]),
    ("listen:", &["listen: name at least one address"]),
    (
        "listen: [127.0.0.1:1, x, '[::1]:2', 5]",
        &["1:23: listen[1]: write", "1:37: listen[3]: write"],
    ),
    ("admin: on", &["1:8: admin: write an address"]),
    ("admin: [127.0.0.1:1]", &["1:8: admin: write an address"]),
    ("admin:", &["admin: write an address"]),
    ("self: '*.own.test'", &["1:7: self: `*.own.test`: "]),
    ("self: http://own.test", &["1:7: self: `http://own.test`: "]),
    ("self: own.test:0", &["1:7: self: `own.test:0`: the port must be 1 to 65535"]),
    (
        "self: [own.test, 10.0.0.0/8, 127.1]",
        &[
            "1:18: self[1]: `10.0.0.0/8`: ",
            "1:30: self[2]: a number where text belongs; put it in quotes",
        ],
    ),
    (
        "self: [127.0.1, a@b]",
        &[
            "1:8: self[0]: `127.0.1`: a host that ends in a number",
            "1:17: self[1]: `a@b`: userinfo",
        ],
    ),
    // Entries.
    ("allow: ok.test", &["1:8: allow: text where a list belongs"]),
    ("allow: {host: ok.test}", &["1:8: allow: a map where a list belongs"]),
    ("allow: [ok.test]", &["1:9: allow[0]: write a map, such as `host: ok.test`"]),
    (
        "allow: [5]",
        &["1:9: allow[0]: a number where a map belongs", "1:9: allow[0]: name what it covers"],
    ),
    (
        "allow: [{}]",
        &["1:9: allow[0]: name what it covers: `preset:`, `host:`, `glob:` or `network:`"],
    ),
    ("allow:\n  -\n  - host: a.test", &["allow[0]: name what it covers"]),
    ("allow: [{ports: 443}]", &["1:9: allow[0]: name what it covers"]),
    (
        "allow: [{host: a.test, network: 10.0.0.0/8}]",
        &["1:9: allow[0]: only one of `preset:`, `host:`, `glob:` and `network:`"],
    ),
    (
        "allow: [{glob: a.b.test}]",
        &["1:16: allow[0].glob: `a.b.test` is no glob for hosts: it has no `*`"],
    ),
    (
        "allow: [{glob: \"a.*.test\"}]",
        &["allow[0].glob: `a.*.test` is no glob for hosts: its last two"],
    ),
    ("allow: [{glob: \"a.b.*\"}]", &["allow[0].glob: `a.b.*` is no glob for hosts: its last two"]),
    ("allow: [{glob: \"*\"}]", &["allow[0].glob: `*` is no glob for hosts: its last two"]),
    (
        "allow: [{glob: \"a**.b.test\"}]",
        &["allow[0].glob: `a**.b.test` is no glob for hosts: one `*`"],
    ),
    ("allow: [{glob: \"a*..b.test\"}]", &["allow[0].glob: `a*..b.test`: "]),
    ("allow: [{glob: \"[a]*.b.test\"}]", &["allow[0].glob: `[a]*.b.test`: "]),
    ("allow: [{preset: go, host: a.test}]", &["1:9: allow[0]: only one of"]),
    ("deny: [{host: a.test, idle: 1h}]", &["1:29: deny[0].idle: `idle` has no meaning in `deny`"]),
    (
        "allow: [{host: a.test, idle: 5}]",
        &["1:30: allow[0].idle: write a time with its unit, such as 5s"],
    ),
    (
        "allow: [{preset: pyhton}]",
        &["1:18: allow[0].preset: unknown preset `pyhton`; did you mean `python`?"],
    ),
    (
        "deny: [{preset: x}]",
        &["1:17: deny[0].preset: unknown preset `x`; known are: almalinux, alpine, "],
    ),
    ("allow: [{preset: [go]}]", &["1:18: allow[0].preset: a list where text belongs"]),
    // Parameters of presets.
    (
        "allow: [{preset: aws-ssm}]",
        &["1:18: allow[0].preset: `aws-ssm` needs a region too, such as `region: us-east-1`"],
    ),
    (
        "deny: [{preset: aws-s3, region: eu-1}]",
        &["1:17: deny[0].preset: `aws-s3` needs a bucket too, such as `bucket: my-bucket`"],
    ),
    (
        "allow: [{preset: aws-ssm, region: us-east-1, bucket: b}]",
        &["1:54: allow[0].bucket: `aws-ssm` has no bucket: leave it out"],
    ),
    (
        "allow: [{preset: go, region: us-east-1}]",
        &["1:30: allow[0].region: `go` has no region: leave it out"],
    ),
    (
        "allow: [{host: a.test, region: us-east-1}]",
        &["1:32: allow[0].region: `region` belongs beside `preset:` only"],
    ),
    (
        "allow: [{preset: aws-ssm, region: us.evil}]",
        &["1:35: allow[0].region: `us.evil` cannot stand in a host's name"],
    ),
    (
        "allow: [{preset: aws-ssm, region: \"*\"}]",
        &["1:35: allow[0].region: `*` cannot stand in a host's name"],
    ),
    (
        "allow: [{preset: aws-ssm, region: US-EAST-1}]",
        &["1:35: allow[0].region: `US-EAST-1` cannot stand in a host's name"],
    ),
    (
        "allow: [{preset: aws-ssm, region: [us-east-1]}]",
        &["1:35: allow[0].region: a list where text belongs"],
    ),
    (
        "allow: [{preset: aws-ecr, region: us-east-1, account: 123456789012}]",
        &["1:55: allow[0].account: a number where text belongs; put it in quotes"],
    ),
    (
        "allow: [{preset: aws-ssm, regoin: us-east-1}]",
        &[
            "1:18: allow[0].preset: `aws-ssm` needs a region too",
            "1:35: allow[0].regoin: unknown key `regoin`; did you mean `region`?",
        ],
    ),
    // Hosts.
    ("allow: [{host: '*'}]", &["1:16: allow[0].host: `*` would cover every host"]),
    ("allow: [{host: '*.'}]", &["1:16: allow[0].host: `*.` would cover every host"]),
    ("allow: [{host: '**'}]", &["1:16: allow[0].host: `**` would cover every host"]),
    ("allow: [{host: '.'}]", &["1:16: allow[0].host: `.` would cover every host"]),
    (
        "allow: [{host: '*.test'}]",
        &["1:16: allow[0].host: `*.test` covers a whole top-level domain"],
    ),
    (
        "allow: [{host: '*.test.'}]",
        &["1:16: allow[0].host: `*.test.` covers a whole top-level domain"],
    ),
    (
        "allow: [{host: 'a*.ok.test'}]",
        &["1:16: allow[0].host: `a*.ok.test` has a `*` that is not a whole first label"],
    ),
    ("allow: [{host: '*a.ok.test'}]", &["1:16: allow[0].host: `*a.ok.test` has a `*`"]),
    ("allow: [{host: 'a.*.ok.test'}]", &["1:16: allow[0].host: `a.*.ok.test` has a `*`"]),
    ("allow: [{host: '*.*.ok.test'}]", &["1:16: allow[0].host: `*.*.ok.test` has a `*`"]),
    (
        "allow: [{host: .ok.test}]",
        &["1:16: allow[0].host: `.ok.test` starts with a dot: write `ok.test`"],
    ),
    ("allow: [{host: '*..ok.test'}]", &["1:16: allow[0].host: `*..ok.test` starts with a dot"]),
    ("allow: [{host: ''}]", &["1:16: allow[0].host: ``: the host is empty"]),
    (
        "allow: [{host: a..test}]",
        &["1:16: allow[0].host: `a..test`: the host name has an empty label"],
    ),
    (
        "allow: [{host: 'a b.test'}]",
        &["1:16: allow[0].host: `a b.test`: the host name has a character"],
    ),
    (
        "allow: [{host: 'ok.test:443'}]",
        &[
            "1:16: allow[0].host: `ok.test:443` holds a port: write `host: ok.test` and `ports: 443`",
        ],
    ),
    ("allow: [{host: 'https://ok.test/'}]", &["1:16: allow[0].host: `https://ok.test/` is a URL"]),
    ("allow: [{host: ok.test/simple}]", &["1:16: allow[0].host: `ok.test/simple` is a URL"]),
    (
        "allow: [{host: 10.0.0.1}]",
        &["1:16: allow[0].host: `10.0.0.1` is an address: write `network: 10.0.0.1/32`"],
    ),
    (
        "allow: [{host: 10.0.0.0/8}]",
        &["1:16: allow[0].host: `10.0.0.0/8` is an address: write `network: 10.0.0.0/8`"],
    ),
    ("allow: [{host: '::1'}]", &["1:16: allow[0].host: `::1` is an address"]),
    (
        "allow: [{host: '127.0.1'}]",
        &["1:16: allow[0].host: `127.0.1`: a host that ends in a number"],
    ),
    ("allow: [{host: a.0x1}]", &["1:16: allow[0].host: `a.0x1`: a host that ends in a number"]),
    (
        "allow: [{host: bücher.test}]",
        &[
            "1:16: allow[0].host: `bücher.test` is not ASCII: on the wire it is `xn--bcher-kva.test`",
        ],
    ),
    (
        "allow: [{host: 443}]",
        &["1:16: allow[0].host: a number where text belongs; put it in quotes"],
    ),
    ("allow: [{host: true}]", &["1:16: allow[0].host: true or false where text belongs"]),
    ("allow: [{host: [a.test]}]", &["1:16: allow[0].host: a list where text belongs"]),
    ("allow: [{host: }]", &["allow[0].host: nothing where text belongs"]),
    // Networks.
    (
        "allow: [{network: 10.0.0.1/8}]",
        &[
            "1:19: allow[0].network: `10.0.0.1/8` has bits behind its prefix: write `10.0.0.0/8` for the network, or `10.0.0.1`",
        ],
    ),
    (
        "allow: [{network: 10.0.0.0/33}]",
        &["1:19: allow[0].network: `10.0.0.0/33` is not a network"],
    ),
    (
        "allow: [{network: 10.0.0.0/08}]",
        &["1:19: allow[0].network: `10.0.0.0/08` is not a network"],
    ),
    ("allow: [{network: 10.0.0/8}]", &["1:19: allow[0].network: `10.0.0/8` is not a network"]),
    (
        "allow: [{network: 010.0.0.0/8}]",
        &["1:19: allow[0].network: `010.0.0.0/8` is not a network"],
    ),
    (
        "allow: [{network: 10.0.0.0/255.0.0.0}]",
        &["1:19: allow[0].network: `10.0.0.0/255.0.0.0` is not a network"],
    ),
    (
        "allow: [{network: 10.0.0.0-10.0.0.9}]",
        &["1:19: allow[0].network: `10.0.0.0-10.0.0.9` is not a network"],
    ),
    (
        "allow: [{network: 'fd00::/129'}]",
        &["1:19: allow[0].network: `fd00::/129` is not a network"],
    ),
    (
        "allow: [{network: 'fe80::1%eth0'}]",
        &["1:19: allow[0].network: `fe80::1%eth0` is not a network"],
    ),
    ("allow: [{network: ok.test}]", &["1:19: allow[0].network: `ok.test` is not a network"]),
    ("allow: [{network: 10}]", &["1:19: allow[0].network: a number where text belongs"]),
    (
        "deny: [{network: '::ffff:10.0.0.0/104'}]",
        &["1:18: deny[0].network: write the IPv4 network"],
    ),
    // Ports.
    ("allow: [{host: a.test, ports: 0}]", &["1:31: allow[0].ports: `0` is not a port"]),
    ("allow: [{host: a.test, ports: 65536}]", &["1:31: allow[0].ports: `65536` is not a port"]),
    ("allow: [{host: a.test, ports: -1}]", &["1:31: allow[0].ports: `-1` is not a port"]),
    ("allow: [{host: a.test, ports: []}]", &["1:31: allow[0].ports: no port is named"]),
    ("allow: [{host: a.test, ports: }]", &["allow[0].ports: no port is named"]),
    ("allow: [{host: a.test, ports: {a: 1}}]", &["1:31: allow[0].ports: a map where text belongs"]),
    (
        "allow: [{host: a.test, ports: [80, 90-80, https, '+443', '0443', 1-, -2, 443-0, 1.5, ' 443', 1-2-3]}]",
        &[
            "1:36: allow[0].ports[1]: `90-80` ends before it starts",
            "1:43: allow[0].ports[2]: `https` is not a port",
            "1:50: allow[0].ports[3]: `+443` is not a port",
            "1:58: allow[0].ports[4]: `0443` is not a port",
            "1:66: allow[0].ports[5]: `1-` is not a port",
            "1:70: allow[0].ports[6]: `-2` is not a port",
            "1:74: allow[0].ports[7]: `443-0` is not a port",
            "1:81: allow[0].ports[8]: a number where text belongs; put it in quotes",
            "1:86: allow[0].ports[9]: ` 443` is not a port",
            "1:94: allow[0].ports[10]: `1-2-3` is not a port",
        ],
    ),
    // The SNI check.
    ("tls: on", &["1:6: tls: text where a map belongs"]),
    ("tls: {port: 443}", &["1:13: tls.port: unknown key `port`; did you mean `ports`?"]),
    ("tls: {ports: []}", &["1:14: tls.ports: no port is named"]),
    ("tls: {ports: [443, 0]}", &["1:20: tls.ports[1]: `0` is not a port"]),
    ("tls: {sni: enforced}", &["1:12: tls.sni: `enforced`: write enforce, log or off"]),
    ("tls: {sni: Off}", &["1:12: tls.sni: `Off`: write enforce, log or off"]),
    ("tls: {sni: true}", &["1:12: tls.sni: `true`: write enforce or log"]),
    ("tls: {sni: false}", &["1:12: tls.sni: `false`: write off"]),
    ("tls: {sni: }", &["tls.sni: nothing where text belongs"]),
    ("tls: {ech: off}", &["1:12: tls.ech: `off`: write allow or refuse"]),
    ("tls: {sni: 1, ech: []}", &["1:12: tls.sni: a number", "1:20: tls.ech: a list"]),
    ("allow: [{host: a.test, tls: on}]", &["1:29: allow[0].tls: `on`: write enforce, log or off"]),
    ("allow: [{host: a.test, tls: {sni: off}}]", &["1:29: allow[0].tls: a map where text belongs"]),
    ("deny: [{host: a.test, tls: off}]", &["1:28: deny[0].tls: `tls` has no meaning in `deny`"]),
    // The PROXY protocol.
    (
        "proxy_protocol: {from: [10.0.0.1/8, lb.test, '::ffff:10.0.0.0/104']}",
        &[
            "1:25: proxy_protocol.from[0]: `10.0.0.1/8` has bits behind its prefix",
            "1:37: proxy_protocol.from[1]: `lb.test` is not a network",
            "1:46: proxy_protocol.from[2]: write the IPv4 network, `10.0.0.0/8`",
        ],
    ),
    ("proxy_protocol: 10.0.0.1", &["1:17: proxy_protocol: text where a map belongs"]),
    // Times, numbers, the rest.
    (
        "timeouts: {idle: 5, header: 0s, dns: -1s, connect: 10, drain: 400d, stall: 5 parsecs}",
        &[
            "1:18: timeouts.idle: write a time with its unit, such as 5s",
            "1:29: timeouts.header: write a time with its unit, such as 500ms",
            "1:38: timeouts.dns: write a time",
            "1:52: timeouts.connect: write a time with its unit, such as 10s",
            "1:63: timeouts.drain: write a time",
            "1:76: timeouts.stall: write a time",
        ],
    ),
    (
        "limits: {connections: 0, connections_per_client: 1000001, fields: 7, head_bytes: 1k, pipes: -1, target_bytes: 511}",
        &[
            "1:23: limits.connections: write a whole number from 1 to 1000000",
            "1:50: limits.connections_per_client: write a whole number from 1 to 1000000",
            "1:67: limits.fields: write a whole number from 8 to 10000",
            "1:82: limits.head_bytes: write a whole number from 512 to 1048576",
            "1:93: limits.pipes: write a whole number from 0 to 100000",
            "1:111: limits.target_bytes: write a whole number from 512 to 1048576",
        ],
    ),
    (
        "limits: {connections: 99999999999999999999999999}",
        &["1:23: limits.connections: write a whole number"],
    ),
    ("dns: {servers: dns.test}", &["1:16: dns.servers: `dns.test` is not a name server's address"]),
    (
        "dns: {servers: [10.0.0.1, 10.0.0.2:99999, '[fd00::1]', 5]}",
        &[
            "1:27: dns.servers[1]: `10.0.0.2:99999` is not",
            "1:43: dns.servers[2]: `[fd00::1]` is not",
            "1:56: dns.servers[3]: a number where text belongs",
        ],
    ),
    ("dns: {hosts_file: yes}", &["1:19: dns.hosts_file: text where true or false belongs"]),
    ("dns: {hosts_file: 1}", &["1:19: dns.hosts_file: a number where true or false belongs"]),
    ("dns: {min_ttl: 2h}", &["1:6: dns: `max_ttl` is below `min_ttl`"]),
    ("dns: {min_ttl: 2s, max_ttl: 1s}", &["1:29: dns.max_ttl: `max_ttl` is below `min_ttl`"]),
    (
        "dns: {cache_entries: 15}",
        &["1:22: dns.cache_entries: write a whole number from 16 to 10000000"],
    ),
    ("log: loud", &["1:6: log: `loud`: write auto, json or text"]),
    ("log: JSON", &["1:6: log: `JSON`: write auto, json or text"]),
    (
        "timeouts: []\nlimits: x\ndns: 5",
        &[
            "1:11: timeouts: a list where a map belongs",
            "2:9: limits: text where a map belongs",
            "3:6: dns: a number where a map belongs",
        ],
    ),
];

/// Configurations that are right, in spellings that look as if they might not be.
pub(crate) const GOOD: &[&str] = &[
    "proxy_protocol: {from: [10.0.0.7, 10.1.0.0/16, 'fd00::/64']}",
    "",
    "# nothing\n",
    "---\n",
    "--- {}\n...\n",
    "\u{feff}log: json\n",
    "log: json\r\nallow:\r\n  - host: a.test\r\n",
    "allow:\ndeny:\nself:\ntls:\ntimeouts:\nlimits:\ndns:\n",
    "tls: {ports: [443, 8000-8100], sni: off, ech: refuse}",
    "allow: [{host: a.test, tls: off}, {preset: go, tls: log}, {network: 10.0.0.1, tls: enforce}]",
    "{\"allow\": [{\"host\": \"a.test\", \"ports\": [443, \"1-2\"]}]}",
    "allow: [{host: A.Test., ports: '8000 - 8100'}]",
    "allow: [{host: '*.a.test', ports: 1-65535}, {host: _x.a.test}, {host: xn--bcher-kva.test}]",
    "allow: [{host: localhost}, {host: single}]",
    "allow: [{network: 10.0.0.1}, {network: '[fd00::1]'}, {network: '::/0'}, {network: 0.0.0.0/0}]",
    "allow: [{network: '::ffff:10.0.0.0/104'}]\ndeny: [{network: 10.0.0.0/8}, {preset: go}]",
    "allow: [&a {host: a.test}, *a]",
    "listen: ['0.0.0.0:3128', '[::]:3128']\nadmin: off",
    "listen: 127.0.0.1:0\nadmin: '[::1]:0'",
    "self: [own.test, 'own.test:3128', 10.0.0.1, '10.0.0.1:3128', '[fd00::1]:3128', 'fd00::1']",
    "timeouts: {idle: 1h 30m, header: 1ms, drain: 365d}",
    "dns: {servers: ['10.0.0.1', '10.0.0.1:5353', 'fd00::1', '[fd00::1]:53'], hosts_file: false}",
    "limits: {pipes: 0, connections: 1, head_bytes: 512}",
];

/// Texts with characters that a terminal would obey, wherever a text may stand.
pub(crate) fn with_controls() -> Vec<String> {
    let places = [
        "\"%\": 1",
        "allow: [{\"%\": 1}]",
        "deny: [{\"%\": 1}]",
        "timeouts: {\"%\": 1}",
        "limits: {\"%\": 1}",
        "dns: {\"%\": 1}",
        "\"%\": {\"%\": 1}",
        "allow: [\"%\"]",
        "allow: [{host: \"%\"}]",
        "allow: [{host: \"*.%\"}]",
        "allow: [{host: \".%\"}]",
        "allow: [{host: \"%:443\"}]",
        "allow: [{host: \"a.test:%\"}]",
        "allow: [{host: \"%/\"}]",
        "allow: [{host: \"a*%.b.test\"}]",
        "allow: [{network: \"%\"}]",
        "allow: [{network: \"10.0.0.0/%\"}]",
        "allow: [{preset: \"%\"}]",
        "allow: [{host: a.test, ports: \"%\"}]",
        "allow: [{host: a.test, ports: [\"1-%\"]}]",
        "allow: [{host: a.test, idle: \"%\"}]",
        "self: \"%\"",
        "self: [\"%:1\"]",
        "listen: \"%\"",
        "admin: \"%\"",
        "log: \"%\"",
        "dns: {servers: \"%\"}",
        "timeouts: {idle: \"%\"}",
        "a: *\"%\"",
        "!<%> a: 1",
        "&% a: 1",
        "a: \"%",
        "%: [",
    ];
    let mut texts = Vec::new();
    for control in [
        "\u{1b}[31m",
        "\u{7}",
        "\r",
        "\u{7f}",
        "\u{85}",
        "\u{9b}2J",
        "\u{202e}",
        "\u{2066}",
        "\0",
        "\n",
    ] {
        // As YAML escapes it in double quotes, and raw.
        let escaped: String = control
            .chars()
            .map(|c| match c.is_ascii_graphic() {
                true => c.to_string(),
                false => format!("\\u{:04x}", u32::from(c)),
            })
            .collect();
        for place in places {
            texts.push(place.replace('%', &format!("x{escaped}y")));
            texts.push(place.replace('%', &format!("x{control}y")));
        }
    }
    texts
}
