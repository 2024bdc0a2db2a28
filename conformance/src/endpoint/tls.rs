mod pinned;

use std::{fmt, path::PathBuf, sync::Arc};

use tokio_rustls::{
    TlsConnector,
    rustls::{
        self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    },
};

pub(super) use pinned::Pinned;

/// The certificates that a receiver's certificate may rest on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Roots {
    /// Those of the operating system.
    #[default]
    System,
    /// Those in a file in PEM form, and no others.
    File(PathBuf),
    /// Any certificate will do, be it a stranger's. What is sent, the token included, may then be read by whoever sits
    /// between: for receivers on the developer's own desk.
    InsecureAny,
}

pub(super) fn connector(roots: &Roots, protocol: &[u8]) -> Result<TlsConnector, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Provider(error.to_string()))?;
    let mut config = match roots {
        Roots::InsecureAny => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Gullible)).with_no_client_auth()
        }
        _ => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier(roots)?)).with_no_client_auth(),
    };
    config.alpn_protocols = vec![protocol.to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Believes every certificate.
#[derive(Debug)]
struct Gullible;

impl ServerCertVerifier for Gullible {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Verifies by these roots, as honestly as a browser.
pub(super) fn verifier(roots: &Roots) -> Result<Pinned, TlsError> {
    let mut store = RootCertStore::empty();
    let mut given = vec![];
    match roots {
        Roots::System | Roots::InsecureAny => {
            // A few certificates that this library cannot read are no reason to do without the rest.
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if store.is_empty() {
                return Err(TlsError::NoSystemRoots);
            }
        }
        Roots::File(path) => {
            let unreadable = |error: &dyn fmt::Display| TlsError::File(path.clone(), error.to_string());
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))? {
                let certificate = certificate.map_err(|error| unreadable(&error))?;
                given.push(certificate.clone());
                store.add(certificate).map_err(|error| unreadable(&error))?;
            }
            if store.is_empty() {
                return Err(unreadable(&"no certificate in it"));
            }
        }
    }
    Pinned::new(store, given)
}

/// There is nothing to verify a certificate with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsError {
    /// The operating system has no root certificates.
    NoSystemRoots,
    /// The file with root certificates is of no use.
    File(PathBuf, String),
    /// The cryptography is of no use.
    Provider(String),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSystemRoots => {
                f.write_str("this system has no root certificates, expected some to verify https with")
            }
            Self::File(path, error) => write!(f, "no root certificates to be had from {}: {error}", path.display()),
            Self::Provider(error) => write!(f, "no cryptography to speak https with: {error}"),
        }
    }
}

impl std::error::Error for TlsError {}
