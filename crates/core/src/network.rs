//! Who counts as one sender: limits are kept for each network, not for each address.

use ::core::net::IpAddr;

/// The network of an address: whoever has one IPv6 address has a /64 of them.
pub fn sender_network(addr: IpAddr) -> IpAddr {
    match addr.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & (u128::MAX << 64)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_ipv6_network_counts_as_one() {
        let of = |text: &str| sender_network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2:ffff::1"));
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
