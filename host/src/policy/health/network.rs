//! Where a call came from, so far as it matters for the judgement: faults that all come from one
//! network may be one person's.

use std::net::IpAddr;

use aws_lc_rs::hmac;

/// The network of a client: 24 bits of an address of IPv4, 64 of IPv6. Within it one person can
/// have any address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpAddr);

impl Network {
    /// Of this address; none of what is no address.
    pub fn of(address: &str) -> Option<Self> {
        Some(Self(match address.parse::<IpAddr>().ok()?.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4((address.to_bits() & (!0 << 8)).into()),
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() & (!0 << 64)).into()),
        }))
    }

    /// A name that all replicas give it, and that nobody without the key can trace back.
    pub fn hash(self, key: &hmac::Key) -> u32 {
        let mut context = hmac::Context::with_key(key);
        context.update(b"network ");
        match self.0 {
            IpAddr::V4(address) => context.update(&address.octets()),
            IpAddr::V6(address) => context.update(&address.octets()),
        }
        context.sign().as_ref().iter().take(4).fold(0, |hash, byte| hash << 8 | u32::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_network_and_others_are_not() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"a test");
        let hash = |address: &str| Network::of(address).map(|network| network.hash(&key));
        assert_eq!(hash("192.0.2.1"), hash("192.0.2.254"));
        assert_eq!(hash("192.0.2.1"), hash("::ffff:192.0.2.7"));
        assert_ne!(hash("192.0.2.1"), hash("192.0.3.1"));
        assert_eq!(hash("2001:db8::1"), hash("2001:db8::ffff:0:0:1"));
        assert_ne!(hash("2001:db8::1"), hash("2001:db8:0:1::1"));
        assert_eq!(hash("a name"), None);
    }
}
