//! TLS towards parents (rustls with ring).

use std::io;
use std::sync::Arc;

use policy::Host;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, DnsName, ServerName};
use rustls::{CertificateError, ClientConfig, Error, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::SetupError;

/// The certificates of a CA file, which vouch for parents besides the system's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaFile(Vec<CertificateDer<'static>>);

/// Why a text is no CA file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaFileError {
    /// Broken armour or base64.
    #[error("not PEM")]
    Pem,
    /// PEM of something else, perhaps.
    #[error("there is no certificate in it")]
    Empty,
    /// X.509 that cannot be used.
    #[error("certificate {0} of it cannot be used as a CA's")]
    Certificate(usize),
}

impl CaFile {
    /// Reads PEM.
    ///
    /// # Errors
    /// See [`CaFileError`].
    pub fn parse(pem: &[u8]) -> Result<Self, CaFileError> {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|_| CaFileError::Pem)?;
        if certificates.is_empty() {
            return Err(CaFileError::Empty);
        }
        let mut store = RootCertStore::empty();
        for (i, certificate) in certificates.iter().enumerate() {
            store.add(certificate.clone()).map_err(|_| CaFileError::Certificate(i + 1))?;
        }
        Ok(Self(certificates))
    }
}

/// Why there is no TLS with a parent. What the parent sent is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsFailure {
    /// Its certificate is not accepted.
    #[error("its certificate {0}")]
    Certificate(&'static str),
    /// It sent an alert (RFC 8446 §6).
    #[error("it ended the TLS handshake with an alert")]
    Alert,
    /// It speaks something else.
    #[error("it does not speak TLS")]
    NotTls,
    /// It closed the connection.
    #[error("it closed the connection within the TLS handshake")]
    Closed,
    /// Anything else.
    #[error("the TLS handshake failed")]
    Handshake,
}

/// Sets TLS up: the system's roots and those of the file.
///
/// # Errors
/// Nobody would vouch for any parent.
pub(crate) fn connector(ca_file: Option<&CaFile>) -> Result<TlsConnector, SetupError> {
    let mut roots = RootCertStore::empty();
    // A certificate of the system's that cannot be used is the system's affair.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots.add_parsable_certificates(ca_file.into_iter().flat_map(|file| file.0.iter().cloned()));
    if roots.is_empty() {
        return Err(SetupError::NoRoots);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| SetupError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // A parent that speaks HTTP/2 as well must not choose it.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Makes the handshake with a parent of that name or address.
pub(crate) async fn handshake(
    connector: &TlsConnector,
    host: &Host,
    stream: TcpStream,
) -> Result<Box<TlsStream<TcpStream>>, TlsFailure> {
    let name = match host {
        Host::Ip(ip) => ServerName::IpAddress((*ip).into()),
        Host::Name(name) => DnsName::try_from(name.as_str().to_owned())
            .map(ServerName::DnsName)
            // An underscore: no certificate is for such a name.
            .map_err(|_| TlsFailure::Certificate("cannot be for such a name"))?,
    };
    connector.connect(name, stream).await.map(Box::new).map_err(|error| failure(&error))
}

fn failure(error: &io::Error) -> TlsFailure {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match inner {
        Some(Error::InvalidCertificate(why)) => TlsFailure::Certificate(certificate(why)),
        Some(Error::NoCertificatesPresented) => TlsFailure::Certificate("is missing"),
        Some(Error::AlertReceived(_)) => TlsFailure::Alert,
        Some(Error::InvalidMessage(_)) => TlsFailure::NotTls,
        Some(_) => TlsFailure::Handshake,
        None => TlsFailure::Closed,
    }
}

fn certificate(why: &CertificateError) -> &'static str {
    use CertificateError as E;
    match why {
        E::Expired | E::ExpiredContext { .. } => "has expired",
        E::NotValidYet | E::NotValidYetContext { .. } => "is not valid yet",
        E::UnknownIssuer => "is signed by no CA that is trusted here (parent.ca_file adds one)",
        E::NotValidForName | E::NotValidForNameContext { .. } => "is for another name",
        E::Revoked => "is revoked",
        E::BadSignature => "has a bad signature",
        _ => "is not valid",
    }
}
