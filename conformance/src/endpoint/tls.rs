use std::{fmt, path::PathBuf, sync::Arc};

use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, pem::PemObject},
    },
};

/// The certificates that a receiver's certificate may rest on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Roots {
    /// Those of the operating system.
    #[default]
    System,
    /// Those in a file in PEM form, and no others.
    File(PathBuf),
}

pub(super) fn connector(roots: &Roots) -> Result<TlsConnector, TlsError> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Provider(error.to_string()))?
        .with_root_certificates(store(roots)?)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn store(roots: &Roots) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::System => {
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
                store.add(certificate).map_err(|error| unreadable(&error))?;
            }
            if store.is_empty() {
                return Err(unreadable(&"no certificate in it"));
            }
        }
    }
    Ok(store)
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
