use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio_rustls::{
    TlsConnector,
    rustls::{
        self, CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        pki_types::{CertificateDer, ServerName, UnixTime},
    },
};

use super::{
    Roots, Target, TlsError, connect,
    tls::{self, Pinned},
};
use crate::observation::Unreachable;

/// What can be said about a receiver's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Certificate {
    /// Why it rests on none that is trusted; `None` if it does.
    pub untrusted: Option<String>,
    /// Why it is not valid today; `None` if it is.
    pub outdated: Option<String>,
    /// Why it does not stand for the host; `None` if it does.
    pub misnamed: Option<String>,
}

impl Certificate {
    /// Tells whether nothing is wrong with it.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.untrusted.is_none() && self.outdated.is_none() && self.misnamed.is_none()
    }
}

/// Shakes hands with a receiver whatever its certificate is, sends nothing, and says what the certificate is worth.
pub(super) async fn look(target: &Target, roots: &Roots) -> Result<Certificate, Unreachable> {
    let roots = match roots {
        Roots::InsecureAny => &Roots::System,
        other => other,
    };
    let look = Look::new(roots).map_err(|error| Unreachable::Tls(error.to_string()))?;
    let seen = look.seen.clone();
    let mut config = ClientConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| Unreachable::Tls(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(look))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let tcp = connect::tcp(target).await?;
    let shaken = TlsConnector::from(Arc::new(config)).connect(connect::server_name(target)?, tcp).await;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (seen, shaken) {
        (Some(certificate), _) => Ok(certificate),
        (None, Err(error)) => Err(Unreachable::Tls(error.to_string())),
        (None, Ok(_)) => Err(Unreachable::Tls("no certificate was shown".to_owned())),
    }
}

/// Lets any certificate pass, and keeps what an honest verifier says about it.
#[derive(Debug)]
struct Look {
    honest: Pinned,
    seen: Arc<Mutex<Option<Certificate>>>,
}

impl Look {
    fn new(roots: &Roots) -> Result<Self, TlsError> {
        Ok(Self { honest: tls::verifier(roots)?, seen: Arc::default() })
    }

    /// The verifier stops at the first thing that is wrong: a certificate that has expired is looked at once more as it was
    /// at a time when it was valid, and one for another host is known to be good otherwise, since the name comes last.
    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Certificate {
        let at = |now| self.honest.verify_server_cert(end_entity, intermediates, name, &[], now).err();
        let mut certificate = Certificate { untrusted: None, outdated: None, misnamed: None };
        let mut error = at(now);
        if error.as_ref().is_some_and(is_about_time) {
            certificate.outdated = error.as_ref().map(ToString::to_string);
            error = other_times(now).map(at).find(|error| !error.as_ref().is_some_and(is_about_time)).unwrap_or(error);
        }
        match error {
            None => {}
            Some(error) if is_about_name(&error) => certificate.misnamed = Some(error.to_string()),
            Some(error) if is_about_time(&error) => {}
            Some(error) => certificate.untrusted = Some(explained(&error)),
        }
        if certificate.untrusted.is_some() {
            certificate.misnamed = misnamed(end_entity, name);
        }
        certificate
    }
}

/// Says in words what the verifier says in its own.
fn explained(error: &rustls::Error) -> String {
    let text = error.to_string();
    match text {
        text if text.contains("CaUsedAsEndEntity") => {
            "it is self-signed, by a certificate of an authority that is shown as a server's: `openssl req -x509` makes those \
             unless told `-addext basicConstraints=CA:FALSE`"
                .to_owned()
        }
        text if text.contains("UnknownIssuer") => "nobody who is trusted has signed it: UnknownIssuer".to_owned(),
        text => text,
    }
}

/// A certificate that nobody vouches for may still say whom it is for.
fn misnamed(end_entity: &CertificateDer<'_>, name: &ServerName<'_>) -> Option<String> {
    let parsed = rustls::server::ParsedCertificate::try_from(end_entity).ok()?;
    rustls::client::verify_server_name(&parsed, name).err().map(|error| error.to_string())
}

fn is_about_time(error: &rustls::Error) -> bool {
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    matches!(
        error,
        rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. })
    )
}

fn is_about_name(error: &rustls::Error) -> bool {
    use CertificateError::{NotValidForName, NotValidForNameContext};
    matches!(error, rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }))
}

/// Times at which a certificate that is not valid now may have been, or will be.
fn other_times(now: UnixTime) -> impl Iterator<Item = UnixTime> {
    const DAYS: [i64; 16] = [-1, -7, -30, -60, -90, -180, -365, -730, -1095, -1825, -3650, 1, 7, 30, 365, 3650];
    DAYS.into_iter().map(move |days| {
        let seconds = now.as_secs().saturating_add_signed(days * 86_400);
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    })
}

impl ServerCertVerifier for Look {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let certificate = self.verify(end_entity, intermediates, name, now);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(certificate);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.honest.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.honest.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.honest.supported_verify_schemes()
    }
}
