use std::sync::Arc;

use tokio_rustls::rustls::{
    self, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

use super::{TlsError, provider};

/// Verifies as the web does, and takes a certificate that was given itself for good, as other clients do: the usual
/// self-signed one is marked as an authority's, which the web does not accept of a server.
#[derive(Debug)]
pub(in crate::endpoint) struct Pinned {
    web: Arc<WebPkiServerVerifier>,
    given: Vec<CertificateDer<'static>>,
}

impl Pinned {
    pub(in crate::endpoint) fn new(
        roots: RootCertStore,
        given: Vec<CertificateDer<'static>>,
    ) -> Result<Self, TlsError> {
        let web = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|error| TlsError::Provider(error.to_string()))?;
        Ok(Self { web, given })
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.web.verify_server_cert(end_entity, intermediates, name, ocsp, now);
        match verified {
            Err(error) if error.to_string().contains("CaUsedAsEndEntity") && self.given.contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.web.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.web.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.web.supported_verify_schemes()
    }
}
