//! Receivers behind https.

use std::sync::Arc;

use aircall_conformance::{
    Check, Endpoint, Roots, Target, Token,
    catalogue::Selection,
    observation::{Outcome, Unreachable},
    verdict::Verdict,
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::net::TcpListener;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use crate::{
    good,
    receivers::{TOKEN, deviations},
};

struct Https {
    url: String,
    certificate: tempfile::NamedTempFile,
}

async fn https() -> Https {
    https_with(|_| {}).await
}

/// With a certificate of its own that is made out to `localhost`, and altered so.
async fn https_with(alter: impl FnOnce(&mut rcgen::CertificateParams)) -> Https {
    let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    alter(&mut params);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/aircall/webhook", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = TowerToHyperService::new(good::app(TOKEN.to_owned()));
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), certificate.pem()).unwrap();
    Https { url, certificate: file }
}

fn check(url: &str, roots: &Roots) -> Check {
    Check::new(Endpoint::url(url.parse::<Target>().unwrap(), roots).unwrap(), Token::new(TOKEN).unwrap())
}

#[tokio::test]
async fn a_certificate_of_ones_own_is_trusted_when_given() {
    let receiver = https().await;
    let report = check(&receiver.url, &Roots::File(receiver.certificate.path().to_owned())).run().await.unwrap();
    assert_eq!(deviations(&report), [""; 0]);
    let passed: Vec<_> = report.with(Verdict::Pass).filter(|result| result.case.section() == "tls").collect();
    assert_eq!(passed.len(), 4);
}

#[tokio::test]
async fn another_certificate_is_not() {
    let (receiver, other) = (https().await, https().await);
    let roots = Roots::File(other.certificate.path().to_owned());
    let report = check(&receiver.url, &roots).run().await.unwrap();
    assert_eq!(deviations(&report), ["fail tls/trusted: bad-certificate"]);
    assert_eq!(report.requests, 0, "the token is not sent to whoever answers");

    // On the developer's own desk it may be.
    let report = check(&receiver.url, &Roots::InsecureAny).run().await.unwrap();
    assert_eq!(deviations(&report), ["fail tls/trusted: bad-certificate"]);
    assert!(report.requests > 500);
}

#[tokio::test]
async fn a_certificate_that_is_outdated_is_found() {
    let receiver = https_with(|params| params.not_after = rcgen::date_time_ymd(2025, 6, 30)).await;
    assert_eq!(found(&receiver).await, ["fail tls/current: bad-certificate"]);
    let receiver = https_with(|params| params.not_before = rcgen::date_time_ymd(2999, 1, 1)).await;
    assert_eq!(found(&receiver).await, ["fail tls/current: bad-certificate"], "not yet valid");
}

#[tokio::test]
async fn a_certificate_of_another_host_is_found() {
    let of_another = |params: &mut rcgen::CertificateParams| {
        params.subject_alt_names = vec![rcgen::SanType::DnsName("hooks.example.com".try_into().unwrap())];
    };
    let receiver = https_with(of_another).await;
    assert_eq!(found(&receiver).await, ["fail tls/right-name: bad-certificate"]);
}

/// What is found by who trusts its certificate, and that nothing was sent.
async fn found(receiver: &Https) -> Vec<String> {
    let roots = Roots::File(receiver.certificate.path().to_owned());
    let report = check(&receiver.url, &roots).run().await.unwrap();
    assert_eq!(report.requests, 0, "the token is not sent to whoever answers");
    deviations(&report)
}

#[tokio::test]
async fn plain_http_to_a_tls_port_and_the_reverse_are_told() {
    let receiver = https().await;
    let plain = receiver.url.replace("https://", "http://");
    let not_reached = check(&plain, &Roots::System).run().await.unwrap_err();
    assert!(matches!(&not_reached.outcome, Outcome::Unreachable(Unreachable::SpeaksTls)), "{not_reached}");

    let plain = crate::receivers::serve_app(good::app(TOKEN.to_owned())).await;
    let roots = Roots::File(receiver.certificate.path().to_owned());
    let not_reached = check(&plain.url.replace("http://", "https://"), &roots).run().await.unwrap_err();
    assert!(matches!(&not_reached.outcome, Outcome::Unreachable(Unreachable::Tls(_))), "{not_reached}");
}

#[test]
fn a_file_without_certificates_is_refused() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let error =
        Endpoint::url("https://localhost/".parse().unwrap(), &Roots::File(empty.path().to_owned())).unwrap_err();
    assert!(error.to_string().starts_with("no root certificates to be had from "), "{error}");
}

/// What `openssl req -x509` makes: a certificate that is its own authority's. Given itself, it is taken, by other clients too.
#[tokio::test]
async fn a_self_signed_certificate_of_an_authority_is_trusted_when_given_and_not_otherwise() {
    let authority = |params: &mut rcgen::CertificateParams| {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    };
    let (receiver, other) = (https_with(authority).await, https_with(authority).await);
    let some = || Selection::default().section("tls").unwrap();
    let given = Roots::File(receiver.certificate.path().to_owned());
    let report = check(&receiver.url, &given).with_selection(some()).run().await.unwrap();
    assert_eq!((deviations(&report), report.requests), (vec![], 1));

    let given = Roots::File(other.certificate.path().to_owned());
    let report = check(&receiver.url, &given).with_selection(some()).run().await.unwrap();
    assert_eq!((deviations(&report), report.requests), (vec!["fail tls/trusted: bad-certificate".to_owned()], 0));
    let reason = report.with(Verdict::Fail).next().unwrap().judgement.reason.to_string();
    assert!(reason.starts_with("it is self-signed, by a certificate of an authority"), "{reason}");

    // The name counts all the same.
    let given = Roots::File(receiver.certificate.path().to_owned());
    let elsewhere = receiver.url.replace("localhost", "127.0.0.1");
    let report = check(&elsewhere, &given).with_selection(some()).run().await.unwrap();
    assert!(!report.is_conformant() && report.requests == 0, "{:?}", deviations(&report));
}
