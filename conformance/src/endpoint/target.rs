use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use http::Uri;

/// The URL of a receiver.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    https: bool,
    host: String,
    port: u16,
    path: String,
    query: Option<String>,
}

impl Target {
    /// Tells whether the scheme is `https`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Returns the host, without the brackets of an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Returns the port, which is that of the scheme if the URL has none.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The same with another port.
    #[must_use]
    pub fn with_port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// Resolves the host, to where it can be connected to: what listens on every address of this machine (`0.0.0.0`,
    /// `[::]`) is reached over its loopback.
    ///
    /// # Errors
    ///
    /// When the name is not known, or the resolver fails.
    pub async fn addresses(&self) -> std::io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((self.host(), self.port)).await?.map(reachable).collect())
    }

    /// Tells whether every address of the host is on this machine.
    pub async fn is_loopback(&self) -> bool {
        let addresses = self.addresses().await.unwrap_or_default();
        !addresses.is_empty() && addresses.iter().all(|address| address.ip().is_loopback())
    }

    /// Returns the value of the `host` header.
    pub(super) fn authority(&self) -> String {
        if self.port == default_port(self.https) { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// Returns the values in the query, as they stand there and decoded.
    pub(crate) fn query_values(&self) -> Vec<String> {
        let Some(query) = self.query.as_deref() else { return vec![] };
        let raw = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value).to_owned());
        let decoded = form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into_owned());
        raw.chain(decoded).collect()
    }

    /// Returns what stands in the request line, with this added to the query.
    pub(super) fn path_and_query(&self, added: Option<&str>) -> String {
        let query: Vec<&str> = self.query.as_deref().into_iter().chain(added).collect();
        if query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, query.join("&")) }
    }

    /// Returns the whole URL, with this added to the query.
    pub(super) fn uri(&self, added: Option<&str>) -> String {
        let scheme = if self.https { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority(), self.path_and_query(added))
    }

    /// Returns the path alone.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |reason| Err(InvalidTarget { reason });
        let Some((scheme, rest)) = text.split_once("://") else { return refuse(Reason::NoScheme(shown(text))) };
        let https = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return refuse(Reason::OtherScheme(scheme.to_owned())),
        };
        // A fragment stays with the client that follows a link; it is never sent.
        let rest = rest.split('#').next().unwrap_or_default();
        let Ok(uri) = format!("http://{rest}").parse::<Uri>() else { return refuse(Reason::Malformed(shown(text))) };
        let (Some(authority), Some(host)) = (uri.authority(), uri.host()) else { return refuse(Reason::NoHost) };
        if authority.as_str().contains('@') {
            return refuse(Reason::UserInfo);
        }
        if host.is_empty() {
            return refuse(Reason::NoHost);
        }
        let port = match authority.as_str()[host.len()..].strip_prefix(':') {
            None | Some("") => default_port(https),
            Some(port) => match port.parse() {
                Ok(port) => port,
                Err(_) => return refuse(Reason::Port(port.to_owned())),
            },
        };
        Ok(Self {
            https,
            host: host.to_owned(),
            port,
            path: if uri.path().is_empty() { "/".to_owned() } else { uri.path().to_owned() },
            query: uri.query().map(str::to_owned),
        })
    }
}

/// The URL without the values of its query.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)?;
        match &self.query {
            Some(query) => write!(f, "?{}", masked(query)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

/// A URL that nothing can be delivered to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidTarget {
    reason: Reason,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Reason {
    NoScheme(String),
    OtherScheme(String),
    NoHost,
    UserInfo,
    Port(String),
    Malformed(String),
}

impl fmt::Display for InvalidTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            // Only what begins with a host can be completed.
            Reason::NoScheme(text) if text.is_empty() || text.starts_with('/') => {
                write!(f, "the URL has no scheme: found `{text}`, expected one like {EXAMPLE}")
            }
            Reason::NoScheme(text) => {
                write!(f, "the URL has no scheme: found `{text}`, expected `http://{text}` or `https://{text}`")
            }
            Reason::OtherScheme(scheme) => write!(f, "the URL has the scheme `{scheme}`, expected `http` or `https`"),
            Reason::NoHost => f.write_str("the URL has no host"),
            Reason::UserInfo => {
                f.write_str("the URL has a user name, expected none: put a secret of your own into the query")
            }
            Reason::Port(port) => write!(f, "the URL has the port `{port}`, expected a number up to 65535"),
            Reason::Malformed(text) => {
                write!(f, "`{text}` is no URL, expected one like {EXAMPLE}")
            }
        }
    }
}

impl std::error::Error for InvalidTarget {}

/// A URL as the user typed it, without the values of its query.
fn shown(text: &str) -> String {
    match text.split_once('?') {
        Some((before, query)) => format!("{before}?{}", masked(query)),
        None => text.to_owned(),
    }
}

fn masked(query: &str) -> String {
    let mask = |pair: &str| match pair.split_once('=') {
        Some((name, value)) if !value.is_empty() => format!("{name}=..."),
        _ => pair.to_owned(),
    };
    query.split('&').map(mask).collect::<Vec<_>>().join("&")
}

fn reachable(address: SocketAddr) -> SocketAddr {
    let loopback: IpAddr = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        _ => return address,
    };
    SocketAddr::new(loopback, address.port())
}

fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

const EXAMPLE: &str = "http://127.0.0.1:3000/aircall/webhook";

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        text.parse().unwrap()
    }

    #[test]
    fn parts_of_a_url() {
        for (text, authority, path) in [
            ("http://127.0.0.1:3000/aircall/webhook", "127.0.0.1:3000", "/aircall/webhook"),
            ("HTTPS://example.com", "example.com", "/"),
            ("https://example.com:443/a?t=1&u=2#top", "example.com", "/a?t=1&u=2"),
            ("http://[::1]:8080/", "[::1]:8080", "/"),
            ("http://127.0.0.1:0/x", "127.0.0.1:0", "/x"),
        ] {
            let target = target(text);
            assert_eq!((target.authority(), target.path_and_query(None)), (authority.into(), path.into()), "{text}");
        }
        assert_eq!(target("http://[::1]:8080/").host(), "::1");
    }

    #[test]
    fn a_query_is_added_to_the_one_there_is() {
        assert_eq!(target("http://h/p").path_and_query(Some("token=x")), "/p?token=x");
        assert_eq!(target("http://h/p?t=1").path_and_query(Some("token=x")), "/p?t=1&token=x");
    }

    #[test]
    fn secrets_in_the_query_are_not_shown() {
        assert_eq!(target("http://h/p?key=secret&x&y=").to_string(), "http://h/p?key=...&x&y=");
        assert!(!format!("{:?}", target("http://h/p?key=secret")).contains("secret"));
        assert!(!"h/p?key=secret".parse::<Target>().unwrap_err().to_string().contains("secret"));
    }

    #[test]
    fn errors_say_what_was_expected() {
        for (text, error) in [
            (
                "localhost:3000/hook",
                "the URL has no scheme: found `localhost:3000/hook`, expected `http://localhost:3000/hook` or \
                 `https://localhost:3000/hook`",
            ),
            ("/hook", "the URL has no scheme: found `/hook`, expected one like http://127.0.0.1:3000/aircall/webhook"),
            ("ftp://h/", "the URL has the scheme `ftp`, expected `http` or `https`"),
            ("http://", "`http://` is no URL, expected one like http://127.0.0.1:3000/aircall/webhook"),
            ("http://:80/", "the URL has no host"),
            ("http://u:p@h/", "the URL has a user name, expected none: put a secret of your own into the query"),
            ("http://h:99999/", "the URL has the port `99999`, expected a number up to 65535"),
            ("http://a b/", "`http://a b/` is no URL, expected one like http://127.0.0.1:3000/aircall/webhook"),
        ] {
            assert_eq!(text.parse::<Target>().unwrap_err().to_string(), error);
        }
    }
}
