//! How proxies write down whom they speak for: an entry of `X-Forwarded-For`, or an element of
//! `Forwarded` (RFC 7239), with what is around the address taken off.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a proxy said of a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Client {
    Address(IpAddr),
    /// The proxy says that it does not tell (RFC 7239, section 6: `unknown`, `_hidden`).
    Hidden,
    /// Neither.
    NotAnAddress,
}

/// The entries of a header from the right, across all its lines. Going from the right, what a
/// client put in front cannot hide what a proxy added: also not with half a pair of quotes.
pub(super) fn from_the_right<'a>(
    lines: impl DoubleEndedIterator<Item = &'a [u8]>,
) -> impl Iterator<Item = &'a [u8]> {
    lines.rev().flat_map(|line| {
        let (mut is_quoted, mut at) = (false, line.len());
        line.rsplit(move |byte| {
            at -= 1;
            // Only within quotes does a backslash take a quote's meaning; the first of all opens.
            is_quoted ^= *byte == b'"' && !(is_quoted && is_escaped(&line[..at]));
            *byte == b',' && !is_quoted
        })
    })
}

/// Whether what follows these bytes is escaped: by a backslash that is not escaped itself.
fn is_escaped(before: &[u8]) -> bool {
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// An entry of `X-Forwarded-For`: an address, which may have a port, brackets and quotes.
pub(super) fn entry(bytes: &[u8]) -> Client {
    std::str::from_utf8(bytes).map_or(Client::NotAnAddress, node)
}

/// An element of `Forwarded`: pairs, of which `for` names the client.
pub(super) fn element(bytes: &[u8]) -> Client {
    let Ok(text) = std::str::from_utf8(bytes) else { return Client::NotAnAddress };
    let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
    let mut clients = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    match (clients.next(), clients.next()) {
        // A proxy need not name its client at all.
        (None, _) => Client::Hidden,
        (Some((_, client)), None) => node(client),
        (Some(_), Some(_)) => Client::NotAnAddress,
    }
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`,
/// `fe80::1%eth0`, each of them in quotes or not.
fn node(text: &str) -> Client {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let (name, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((address, port)) => (address, port),
        None if text.matches(':').count() == 1 => text.split_at(text.find(':').unwrap_or_default()),
        None => (text, ""),
    };
    if name.eq_ignore_ascii_case("unknown") || name.starts_with('_') {
        return Client::Hidden;
    }
    if !port.is_empty() && !is_port(port) {
        return Client::NotAnAddress;
    }
    let address = name.split_once('%').map_or(name, |(address, _zone)| address);
    address.parse().map_or(Client::NotAnAddress, |address| Client::Address(one_client(address)))
}

/// A number, or a name that hides it (RFC 7239, section 6.2).
fn is_port(text: &str) -> bool {
    let Some(port) = text.strip_prefix(':') else { return false };
    port.parse::<u16>().is_ok() || port.starts_with('_')
}

/// An IPv4 client is the same client however IPv6 writes it: mapped, or behind a NAT64 (RFC 6052:
/// all clients of `64:ff9b::/96` would else be one network).
pub(super) fn one_client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => embedded(address).map_or(IpAddr::V6(address), IpAddr::V4),
        address @ IpAddr::V4(_) => address,
    }
}

fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Client {
        Client::Address(text.parse().unwrap())
    }

    #[test]
    fn a_port_brackets_and_quotes_are_taken_off() {
        for (entry_of, expected) in [
            ("203.0.113.7", "203.0.113.7"),
            (" 203.0.113.7:50712 ", "203.0.113.7"),
            ("\"203.0.113.7:50712\"", "203.0.113.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("\"[2001:db8::1]:_port\"", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("[64:ff9b::c000:201]:443", "192.0.2.1"),
            ("64:ff9b:1::c000:201", "64:ff9b:1::c000:201"),
        ] {
            assert_eq!(entry(entry_of.as_bytes()), address(expected), "{entry_of}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_from_what_is_hidden() {
        for hidden in ["unknown", "UNKNOWN", "_gazonk", "unknown:4711", "\"_x:_y\""] {
            assert_eq!(entry(hidden.as_bytes()), Client::Hidden, "{hidden}");
        }
        for bad in ["", "localhost", "1.2.3", "1.2.3.4:port", "1.2.3.4:70000", "[::1", "[::1]x"] {
            assert_eq!(entry(bad.as_bytes()), Client::NotAnAddress, "{bad}");
        }
        assert_eq!(entry(b"\xe9"), Client::NotAnAddress);
    }

    #[test]
    fn an_element_of_forwarded_names_its_client() {
        for (text, expected) in [
            ("for=192.0.2.43", address("192.0.2.43")),
            ("For=\"[2001:db8::1]:4711\"", address("2001:db8::1")),
            ("by=203.0.113.43; FOR=192.0.2.60;proto=http", address("192.0.2.60")),
            ("for=unknown", Client::Hidden),
            ("for=_hidden", Client::Hidden),
            ("proto=https", Client::Hidden),
            ("for=192.0.2.1;for=192.0.2.2", Client::NotAnAddress),
            ("for=somewhere", Client::NotAnAddress),
        ] {
            assert_eq!(element(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn what_a_client_puts_in_front_cannot_hide_what_a_proxy_adds() {
        let entries = |lines: &[&'static str]| -> Vec<String> {
            from_the_right(lines.iter().map(|line| line.as_bytes()))
                .map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned())
                .collect()
        };
        assert_eq!(entries(&["a, b", "c"]), ["c", "b", "a"]);
        assert_eq!(entries(&["for=\"a,b\", for=c"]), ["for=c", "for=\"a,b\""]);
        assert_eq!(entries(&["for=\", for=c"])[0], "for=c");
        // A quote that is escaped ends nothing, unless its backslash is escaped itself.
        assert_eq!(entries(&[r#"by="a\",b", for=c"#]), ["for=c", r#"by="a\",b""#]);
        assert_eq!(entries(&[r#"for=a, by="b\\", for=c"#]), ["for=c", r#"by="b\\""#, "for=a"]);
        assert_eq!(entries(&[r#"for=\", for=c"#])[0], "for=c");
    }
}
