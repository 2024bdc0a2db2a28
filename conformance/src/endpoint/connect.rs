use std::{io, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

use super::{Roots, Target, TlsError, tls};
use crate::observation::Unreachable;

/// Opens connections to a URL.
pub(super) struct Connector {
    target: Arc<Target>,
    tls: Option<TlsConnector>,
    tls_http2: Option<TlsConnector>,
}

/// A connection, with TLS or without.
pub(super) type Stream = Box<dyn Duplex>;

pub(super) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

impl Connector {
    pub(super) fn new(target: Target, roots: &Roots) -> Result<Self, TlsError> {
        let (mut http1, mut http2) = (None, None);
        // A file that is of no use is a mistake even where none is needed.
        if target.is_https() || matches!(roots, Roots::File(_)) {
            http1 = Some(tls::connector(roots, b"http/1.1")?).filter(|_| target.is_https());
            http2 = Some(tls::connector(roots, b"h2")?).filter(|_| target.is_https());
        }
        Ok(Self { target: target.into(), tls: http1, tls_http2: http2 })
    }

    pub(super) fn target(&self) -> &Arc<Target> {
        &self.target
    }

    pub(super) async fn connect(&self) -> Result<Stream, Unreachable> {
        let tcp = tcp(&self.target).await?;
        match &self.tls {
            None => Ok(Box::new(tcp)),
            Some(connector) => Ok(Box::new(handshake(connector, &self.target, tcp).await?)),
        }
    }

    /// Opens a connection for HTTP/2; `None` if a receiver behind TLS does not offer it. One without TLS offers nothing, it
    /// has to be tried.
    pub(super) async fn connect_http2(&self) -> Result<Option<Stream>, Unreachable> {
        let tcp = tcp(&self.target).await?;
        let Some(connector) = &self.tls_http2 else { return Ok(Some(Box::new(tcp))) };
        let Ok(stream) = handshake(connector, &self.target, tcp).await else { return Ok(None) };
        let is_offered = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(is_offered.then(|| Box::new(stream) as Stream))
    }
}

pub(super) async fn tcp(target: &Target) -> Result<TcpStream, Unreachable> {
    let addresses = target.addresses().await.map_err(|error| Unreachable::Name(error.to_string()))?;
    let tcp = TcpStream::connect(&*addresses).await.map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => Unreachable::Refused,
        _ => Unreachable::Network(error.to_string()),
    })?;
    // Head and body are two writes; without this the second may wait for the answer to the first.
    tcp.set_nodelay(true).map_err(|error| Unreachable::Network(error.to_string()))?;
    Ok(tcp)
}

async fn handshake(
    connector: &TlsConnector,
    target: &Target,
    tcp: TcpStream,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Unreachable> {
    let name = server_name(target)?;
    connector.connect(name, tcp).await.map_err(|error| Unreachable::Tls(error.to_string()))
}

pub(super) fn server_name(target: &Target) -> Result<ServerName<'static>, Unreachable> {
    let host = target.host().trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(host.to_owned()).map_err(|error| Unreachable::Tls(error.to_string()))
}
