//! ClientHellos: those of real clients, and some made to order.
//!
//! It needs nothing but std, so that any test program can take it in by `#[path]`.

#![allow(dead_code, reason = "each test program uses its own part of it")]

/// The name in every real one of `REAL`.
pub(crate) const NAME: &str = "ok.test";

macro_rules! hellos {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_bytes!(concat!("hellos/", $name, ".bin")))),+]
    };
}

/// What real clients sent, each naming [`NAME`]: `hellos/README.md` says how they were captured.
pub(crate) const REAL: &[(&str, &[u8])] = hellos![
    "chrome-boringssl-by-curl_cffi-0.16.3",
    "curl-7.88.1-openssl-3.0.19",
    "firefox-by-curl_cffi-0.16.3",
    "git-2.47.3-gnutls-3.7.9",
    "go-1.27.3",
    "grpcio-1.85.1-boringssl",
    "node-20.20.2-openssl-3.0.19",
    "node-24.21.0-openssl-3.5.8",
    "openssl-3.0.19",
    "openssl-3.0.19-tls1.2",
    "python-3.13.0-openssl-3.0.19",
    "safari-by-curl_cffi-0.16.3",
    "uv-0.13.9-rustls",
];

/// A real one without a name, as clients send it to an IP literal.
pub(crate) const NAMELESS: &[u8] = include_bytes!("hellos/openssl-3.0.19-no-name.bin");

/// A real one that names `localhost`, by GnuTLS.
pub(crate) const LOCALHOST: &[u8] = include_bytes!("hellos/wget-1.21.3-gnutls-3.7.9-localhost.bin");

pub(crate) const SERVER_NAME: u16 = 0;
pub(crate) const ECH: u16 = 0xfe0d;
pub(crate) const KEY_SHARE: u16 = 51;

/// A ClientHello to be.
#[derive(Clone, Debug)]
pub(crate) struct Craft {
    pub(crate) version: [u8; 2],
    pub(crate) session_id: Vec<u8>,
    pub(crate) suites: Vec<u8>,
    pub(crate) methods: Vec<u8>,
    /// None leaves their length out as well.
    pub(crate) extensions: Option<Vec<(u16, Vec<u8>)>>,
    /// What stands behind everything.
    pub(crate) behind: Vec<u8>,
}

impl Craft {
    /// One without a name.
    pub(crate) fn nameless() -> Self {
        let extensions = vec![
            // supported_groups, signature_algorithms, supported_versions, key_share.
            (10, vec![0, 2, 0, 29]),
            (13, vec![0, 2, 4, 3]),
            (43, vec![2, 3, 4]),
            (KEY_SHARE, [&[0, 36, 0, 29, 0, 32][..], &[7; 32]].concat()),
        ];
        Self {
            version: [3, 3],
            session_id: vec![1; 32],
            suites: vec![0x13, 1, 0x13, 2],
            methods: vec![0],
            extensions: Some(extensions),
            behind: Vec::new(),
        }
    }

    pub(crate) fn naming(host: &str) -> Self {
        Self::nameless().with(SERVER_NAME, server_name(&[(0, host.as_bytes())]))
    }

    /// One more extension.
    pub(crate) fn with(mut self, kind: u16, content: Vec<u8>) -> Self {
        self.extensions.get_or_insert_default().push((kind, content));
        self
    }

    /// As many bytes of padding (RFC 7685) as make the message so long.
    pub(crate) fn padded_to(self, message: usize) -> Self {
        let padding = message - self.message().len() - 4;
        self.with(21, vec![0; padding])
    }

    /// The handshake message, with its header.
    pub(crate) fn message(&self) -> Vec<u8> {
        let mut body = [&self.version[..], &[9; 32]].concat();
        body.extend(short(&self.session_id));
        body.extend(long(&self.suites));
        body.extend(short(&self.methods));
        if let Some(extensions) = &self.extensions {
            let all = extensions.iter();
            let all = all.flat_map(|(kind, content)| [kind.to_be_bytes().into(), long(content)]);
            body.extend(long(&all.collect::<Vec<_>>().concat()));
        }
        body.extend(&self.behind);
        let length = u32::try_from(body.len()).expect("short").to_be_bytes();
        [&[1, length[1], length[2], length[3]], &body[..]].concat()
    }

    /// As it is sent, in one record.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        record(&self.message())
    }
}

/// One record of handshake content.
pub(crate) fn record(content: &[u8]) -> Vec<u8> {
    [&[22, 3, 1], &long(content)[..]].concat()
}

/// The content in records of this size.
pub(crate) fn in_records(content: &[u8], size: usize) -> Vec<u8> {
    content.chunks(size).flat_map(record).collect()
}

/// What is in the records.
pub(crate) fn content(mut records: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    while let &[_, _, _, high, low, ref rest @ ..] = records {
        let (one, rest) = rest.split_at(u16::from_be_bytes([high, low]).into());
        content.extend_from_slice(one);
        records = rest;
    }
    content
}

/// The content of a server_name extension (RFC 6066 §3): types and names.
pub(crate) fn server_name(names: &[(u8, &[u8])]) -> Vec<u8> {
    let entry = |(kind, name): &(u8, &[u8])| [vec![*kind], long(name)].concat();
    long(&names.iter().flat_map(entry).collect::<Vec<u8>>())
}

/// An ECH extension of the outer kind, as GREASE has it (RFC 9849).
pub(crate) fn ech() -> Vec<u8> {
    [&[0, 0, 1, 0, 1, 42], &long(&[3; 32])[..], &long(&[5; 144])].concat()
}

fn short(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).expect("short")], bytes].concat()
}

fn long(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).expect("short").to_be_bytes(), bytes].concat()
}
