//! For whom a password is hashed: what the places and the order of hashes go by.

use std::net::IpAddr;
use std::sync::Arc;

/// For whom a password is hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// Where the request comes from; none if addresses are not known. Of an IPv6 address the first
    /// 64 bits alone: every subscriber has as many addresses as they like below them.
    pub(super) address: Option<IpAddr>,
    /// The e-mail address, as far as there is a canonical form.
    pub(super) account: Arc<str>,
}

impl Asker {
    pub fn new(address: Option<&str>, email: &str) -> Self {
        let address = address.and_then(|text| text.parse().ok()).map(network);
        Self { address, account: email.into() }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & (u128::MAX << 64)).into()),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::Asker;

    #[test]
    fn addresses_of_one_subscriber_are_one() {
        let of = |address| Asker::new(Some(address), "leo@example.com").address;
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("unknown"), None);
    }
}
