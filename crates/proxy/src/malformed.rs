//! What is wrong with a message that is not well-formed.

use policy::AuthorityError;

/// What is wrong with a head or a chunked body. The text is one line for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// A CR without LF or an LF without CR (RFC 9112 §2.2).
    BareLineEnd,
    /// A control character (RFC 9110 §5.5).
    Control,
    /// An empty line where a start line belongs.
    EmptyLine,
    /// Not `method SP target SP version`.
    RequestLine,
    /// Not `version SP status SP reason`.
    StatusLine,
    /// Neither HTTP/1.1 nor HTTP/1.0.
    Version,
    /// A TLS handshake.
    Tls,
    /// A field line without a colon, or with something other than a token before it.
    FieldName,
    /// A line that starts with white space (obs-fold, RFC 9112 §5.2).
    Folded,
    /// No Host, or more than one (RFC 9112 §3.2).
    Hosts,
    /// A Host that is not `host [":" port]`.
    Host(AuthorityError),
    /// A CONNECT whose Host names another target.
    HostMismatch,
    /// Content-Length together with Transfer-Encoding (RFC 9112 §6.1).
    LengthAndCoding,
    /// A Content-Length that is repeated, or not plain digits, or too large.
    Length,
    /// A transfer coding other than one `chunked`, or any in HTTP/1.0.
    Coding,
    /// A CONNECT with a body.
    ConnectBody,
    /// A Connection field that is not a list of tokens, or that names framing or Host.
    Connection,
    /// A target that is not what its method takes.
    Target(AuthorityError),
    /// A target that is not an absolute http URI.
    Uri,
    /// `https://` in a request line.
    HttpsUri,
    /// An expectation other than `100-continue` (RFC 9110 §10.1.1).
    Expect,
    /// A chunked body that is not.
    Chunk,
    /// More field lines than may be.
    Fields,
}

impl Malformed {
    /// One line for a person.
    pub(crate) fn text(&self) -> String {
        let text = match self {
            Self::BareLineEnd => "a line must end in CR LF, and neither may stand alone",
            Self::Control => "the head holds a control character",
            Self::EmptyLine => "an empty line stands before the start line",
            Self::RequestLine => "the request line is not `method SP target SP version`",
            Self::StatusLine => "the status line is not `version SP status SP reason`",
            Self::Version => "only HTTP/1.1 and HTTP/1.0 are spoken here",
            Self::Tls => {
                "this is TLS, but the proxy speaks plain HTTP: give clients a http:// proxy URL"
            }
            Self::FieldName => "a field line is not `name: value`",
            Self::Folded => "a field line starts with white space",
            Self::Hosts => "exactly one Host field is required",
            Self::Host(error) => return format!("Host: {error}"),
            Self::HostMismatch => "Host names another target than the request line",
            Self::LengthAndCoding => "Content-Length and Transfer-Encoding exclude each other",
            Self::Length => "Content-Length must be one number in digits",
            Self::Coding => "the only transfer coding accepted is one `chunked`, in HTTP/1.1",
            Self::ConnectBody => "CONNECT has no body",
            Self::Connection => {
                "Connection must be a list of tokens that names neither framing nor Host"
            }
            Self::Target(error) => return format!("target: {error}"),
            Self::Uri => {
                "the target must be an absolute http:// URI in plain ASCII, without userinfo or fragment"
            }
            Self::HttpsUri => "https goes through CONNECT: set the client's https proxy",
            Self::Expect => "the only expectation known is 100-continue",
            Self::Chunk => "the chunked body is malformed",
            Self::Fields => "too many field lines",
        };
        text.to_owned()
    }
}
