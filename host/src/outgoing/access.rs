//! Whom a policy may ask: an origin with methods. It names one host and one port; there is no
//! pattern, so that what is granted is what an operator reads.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use reqwest::Url;

/// Methods that can be granted. `CONNECT` and `TRACE` belong to the connection.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
/// Of a name (RFC 1035, section 2.3.4), as a text.
const NAME_BYTES: usize = 253;
const LABEL_BYTES: usize = 63;
/// Methods, a name, a port and two words.
const TEXT_BYTES: usize = 400;
const REDIRECTS: &str = "redirects";
const PRIVATE: &str = "private";

/// Whether TLS is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    const ALL: [Self; 2] = [Self::Http, Self::Https];

    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn usual_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// An origin (RFC 6454) that may be asked, and how. As a text:
/// `GET,POST https://risk.internal:8443 redirects private`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// In upper case: `GET`.
    pub methods: BTreeSet<String>,
    pub scheme: Scheme,
    /// A name in lower case and ASCII (IDNA), or an address as a URL writes it: `[::1]`.
    pub host: String,
    pub port: u16,
    /// Whether redirects are followed, to origins that are granted, too.
    pub redirects: bool,
    /// Whether addresses that are not public may be reached there.
    pub private: bool,
}

impl Access {
    /// Whether what `asked` wants of one origin is allowed by this one.
    pub fn allows(&self, asked: &Self) -> bool {
        (self.scheme, self.port) == (asked.scheme, asked.port)
            && self.host == asked.host
            && asked.methods.is_subset(&self.methods)
            && (self.redirects || !asked.redirects)
            && (self.private || !asked.private)
    }

    /// `https://risk.internal:8443`, without the usual port: also the label of metrics.
    pub fn origin(&self) -> String {
        let (scheme, host, port) = (self.scheme, &self.host, self.port);
        if port == scheme.usual_port() {
            format!("{}://{host}", scheme.name())
        } else {
            format!("{}://{host}:{port}", scheme.name())
        }
    }

    /// Whether a URL is of this origin.
    pub(super) fn holds(&self, url: &Url) -> bool {
        url.scheme() == self.scheme.name()
            && url.host_str() == Some(&self.host)
            && url.port_or_known_default() == Some(self.port)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods: Vec<&str> = self.methods.iter().map(String::as_str).collect();
        write!(formatter, "{} {}", methods.join(","), self.origin())?;
        for (said, word) in [(self.redirects, REDIRECTS), (self.private, PRIVATE)] {
            if said {
                write!(formatter, " {word}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Access {
    type Err = String;

    /// The error says what is wrong, for the middle of a sentence.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > TEXT_BYTES {
            return Err(format!("it is longer than {TEXT_BYTES} bytes"));
        }
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        let (Some(methods), Some(origin)) = (words.next(), words.next()) else {
            return Err("it is not of the form \"GET,POST https://api.example.com\"".into());
        };
        let methods = read_methods(methods)?;
        let (scheme, host, port) = read_origin(origin)?;
        let mut access = Self { methods, scheme, host, port, redirects: false, private: false };
        for word in words {
            let place = match word {
                REDIRECTS => &mut access.redirects,
                PRIVATE => &mut access.private,
                _ => {
                    return Err(format!(
                        "{word:?} means nothing after the origin: there are {REDIRECTS} and \
                         {PRIVATE}"
                    ));
                }
            };
            if std::mem::replace(place, true) {
                return Err(format!("it says {word} twice"));
            }
        }
        Ok(access)
    }
}

fn read_methods(text: &str) -> Result<BTreeSet<String>, String> {
    let mut methods = BTreeSet::new();
    for method in text.split(',') {
        if !METHODS.contains(&method) {
            return Err(format!(
                "{method:?} is no method: there are {}, in upper case, with commas and no spaces \
                 between them",
                METHODS.join(", ")
            ));
        }
        if !methods.insert(method.to_owned()) {
            return Err(format!("it names {method} twice"));
        }
    }
    Ok(methods)
}

/// Stricter than a URL: what a browser would overlook is refused here.
fn read_origin(text: &str) -> Result<(Scheme, String, u16), String> {
    let after = |scheme: Scheme| Some((scheme, text.strip_prefix(scheme.name())?));
    let with_scheme = Scheme::ALL.into_iter().rev().find_map(after);
    let rest = with_scheme.and_then(|(scheme, rest)| Some((scheme, rest.strip_prefix("://")?)));
    let Some((scheme, rest)) = rest else {
        return Err(format!("{text:?} does not begin with https:// or http://"));
    };
    if rest.contains(char::is_control) {
        return Err(format!("{text:?} holds a control character"));
    }
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.is_empty() {
        return Err(format!("{text:?} names no host"));
    }
    if authority.contains(['/', '\\', '?', '#', '@', '%']) {
        return Err(format!(
            "{text:?} has more than a host and a port: an origin has no user, path or query"
        ));
    }
    let url = Url::parse(text).map_err(|error| format!("{text:?} is no origin: {error}"))?;
    let host = url.host_str().unwrap_or_default();
    if matches!(url.domain(), Some(name) if !is_name(name)) {
        return Err(format!(
            "{host:?} is no host: one name is granted, of letters, digits, hyphens and dots \
             between them, without patterns"
        ));
    }
    match url.port_or_known_default() {
        None | Some(0) => Err(format!("{text:?} has no port that can be asked")),
        Some(port) => Ok((scheme, host.to_owned(), port)),
    }
}

fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=LABEL_BYTES).contains(&label.len()) && label.bytes().all(known)
    };
    name.len() <= NAME_BYTES && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::{Access, Url};

    fn read(text: &str) -> Access {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_text_is_read_and_printed_in_one_way() {
        let same = "GET,POST https://risk.internal:8443 redirects private";
        assert_eq!(read(same).to_string(), same);
        for (text, printed) in [
            ("POST,GET  https://API.Example.com:443/", "GET,POST https://api.example.com"),
            (
                "GET http://example.com:80 private redirects",
                "GET http://example.com redirects private",
            ),
            ("GET https://bücher.example", "GET https://xn--bcher-kva.example"),
            ("GET https://[::FFFF:10.0.0.1]:444", "GET https://[::ffff:a00:1]:444"),
            ("GET http://0x7f.1", "GET http://127.0.0.1"),
        ] {
            assert_eq!(read(text).to_string(), printed);
            assert_eq!(read(printed), read(text));
        }
        assert_eq!(read(same).origin(), "https://risk.internal:8443");
    }

    #[test]
    fn what_is_no_origin_or_no_method_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "it is not of the form"),
            ("GET", "it is not of the form"),
            ("https://example.com GET", "is no method"),
            ("get https://example.com", "\"get\" is no method"),
            ("GET,,POST https://example.com", "\"\" is no method"),
            ("CONNECT https://example.com", "is no method"),
            ("GET,GET https://example.com", "it names GET twice"),
            ("GET example.com", "does not begin with https://"),
            ("GET ftp://example.com", "does not begin with https://"),
            ("GET https:example.com", "does not begin with https://"),
            ("GET https://", "names no host"),
            ("GET https:///example.com", "has more than a host"),
            ("GET https://ann@example.com", "has more than a host"),
            ("GET https://example.com/path", "has more than a host"),
            ("GET https://example.com\\path", "has more than a host"),
            ("GET https://example.com?query", "has more than a host"),
            ("GET https://ex%61mple.com", "has more than a host"),
            ("GET https://*.example.com", "is no host"),
            ("GET https://example.com.", "is no host"),
            ("GET https://example..com", "is no host"),
            ("GET https://exa\tmple.com", "a control character"),
            ("GET https://example.com:99999", "is no origin"),
            ("GET https://1.2.3.4.5", "is no origin"),
            ("GET https://example.com:0", "has no port"),
            ("GET https://example.com public", "\"public\" means nothing"),
            ("GET https://example.com private private", "it says private twice"),
        ] {
            let error = text.parse::<Access>().unwrap_err();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
        assert!(format!("GET https://{}.com", "a".repeat(400)).parse::<Access>().is_err());
        assert!(format!("GET https://{}.com", "a".repeat(64)).parse::<Access>().is_err());
    }

    #[test]
    fn more_than_was_granted_is_not_allowed() {
        let granted = read("GET,POST https://example.com:8443 redirects");
        for text in [
            "GET https://example.com:8443",
            "POST,GET https://example.com:8443",
            "GET https://example.com:8443 redirects",
        ] {
            assert!(granted.allows(&read(text)), "{text}");
        }
        for text in [
            "PUT https://example.com:8443",
            "GET,PUT https://example.com:8443",
            "GET http://example.com:8443",
            "GET https://example.com",
            "GET https://www.example.com:8443",
            "GET https://example.com:8443 private",
        ] {
            assert!(!granted.allows(&read(text)), "{text}");
        }
    }

    #[test]
    fn a_url_is_of_one_origin_however_it_is_written() {
        let granted = read("GET https://example.com");
        for text in ["https://example.com", "https://EXAMPLE.com:443/a?b", "https:\\\\example.com"]
        {
            assert!(granted.holds(&Url::parse(text).unwrap()), "{text}");
        }
        for text in [
            "http://example.com",
            "https://example.com:8443",
            "https://example.com.",
            "https://example.com@evil.example",
            "https://evil.example/https://example.com",
        ] {
            assert!(!granted.holds(&Url::parse(text).unwrap()), "{text}");
        }
    }
}
