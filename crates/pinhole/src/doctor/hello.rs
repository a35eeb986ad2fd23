//! The beginning of TLS in a tunnel: whether a ClientHello passes, and who vouches for what comes
//! back. Nothing but the handshake is ever sent.

use std::io;
use std::sync::Arc;

use policy::Host;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, DnsName, ServerName};
use rustls::{CertificateError, ClientConfig, Error, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What came of a ClientHello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hello {
    /// The handshake was made, and a CA that is known here vouches for the target.
    Done,
    /// A certificate came, and there is no CA here to judge it by.
    Unjudged,
    /// Nobody known here vouches for the target.
    Untrusted,
    /// The certificate is wrong in another way.
    Certificate(&'static str),
    /// An alert, by its name.
    Alert(String),
    /// The connection ended.
    Cut,
    NotTls,
    /// Nothing came in time.
    Silent,
    Failed,
}

/// What begins TLS.
pub(super) struct Shaker {
    connector: TlsConnector,
    has_roots: bool,
}

impl Shaker {
    /// With the CAs of the system, or of `SSL_CERT_FILE`, and those of other bundles.
    pub(super) fn new(bundles: &[Vec<u8>]) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let certificates = bundles.iter().flat_map(|pem| CertificateDer::pem_slice_iter(pem));
        // What is wrong with a bundle is a finding of its own.
        roots.add_parsable_certificates(certificates.filter_map(Result::ok));
        let has_roots = !roots.is_empty();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), has_roots })
    }

    /// Makes the handshake with a host of that name or address.
    pub(super) async fn shake<S>(&self, host: &Host, stream: S) -> Result<TlsStream<S>, Hello>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = match host {
            Host::Ip(ip) => ServerName::IpAddress((*ip).into()),
            Host::Name(name) => DnsName::try_from(name.as_str().to_owned())
                .map(ServerName::DnsName)
                .map_err(|_| Hello::Certificate("cannot be for such a name"))?,
        };
        self.connector.connect(name, stream).await.map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &io::Error) -> Hello {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(Error::InvalidCertificate(_)) if !self.has_roots => Hello::Unjudged,
            Some(Error::InvalidCertificate(why)) => certificate(why),
            Some(Error::AlertReceived(alert)) => Hello::Alert(format!("{alert:?}")),
            Some(Error::InvalidMessage(_)) => Hello::NotTls,
            Some(_) => Hello::Failed,
            None => Hello::Cut,
        }
    }
}

impl Hello {
    /// What it says of the way to the target.
    pub(super) fn text(&self) -> String {
        let text = match self {
            Self::Done => "TLS answers",
            Self::Unjudged => {
                "TLS answers; its certificate is not judged, for there are no CAs here"
            }
            Self::Untrusted => {
                "the tunnel opens, and no CA that is known here vouches for what answers in it"
            }
            Self::Certificate(what) => {
                return format!("the tunnel opens, and the certificate in it {what}");
            }
            Self::Alert(alert) => {
                return format!("the tunnel opens, and TLS in it ends with the alert {alert}");
            }
            Self::Cut => "the tunnel opens, and is cut when TLS begins in it",
            Self::NotTls => "the tunnel opens, and what answers in it is not TLS",
            Self::Silent => "the tunnel opens, and nothing answers in it",
            Self::Failed => "the tunnel opens, and the TLS handshake fails",
        };
        text.to_owned()
    }

    pub(super) fn is_well(&self) -> bool {
        matches!(self, Self::Done | Self::Unjudged)
    }
}

fn certificate(why: &CertificateError) -> Hello {
    use CertificateError as E;
    match why {
        E::UnknownIssuer => Hello::Untrusted,
        E::Expired | E::ExpiredContext { .. } => Hello::Certificate("has expired"),
        E::NotValidYet | E::NotValidYetContext { .. } => Hello::Certificate("is not valid yet"),
        E::NotValidForName | E::NotValidForNameContext { .. } => {
            Hello::Certificate("is for another name")
        }
        _ => Hello::Certificate("is not valid"),
    }
}
