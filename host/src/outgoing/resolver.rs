//! Names and their addresses. A name is resolved once for a connection, every address is looked at,
//! and the connection is made to those that were looked at: there is no second look that another
//! answer could fool.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig,
    ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::OnceCell;

use super::address::Reach;
use crate::telemetry::rarely;

/// A name server answers within this time, or is asked again, twice.
const TIMEOUT: Duration = Duration::from_millis(400);
const ATTEMPTS: usize = 2;
/// A service that moved is found again after this time, whatever its name server said.
const KEPT: Duration = Duration::from_mins(1);
/// A name that was not there may be there after this time.
const ABSENCE_KEPT: Duration = Duration::from_secs(5);
const NAMES_KEPT: u64 = 1024;
/// Of one name: more are no service that a policy waits for.
const MOST_ADDRESSES: usize = 32;

/// Why a name leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NameFault {
    #[error("the name has no address")]
    Unresolved,
    #[error("the name has an address that may not be reached")]
    Forbidden,
}

/// Resolves names, for all places.
pub(super) struct Names {
    /// None: those of the system.
    servers: Vec<SocketAddr>,
    /// Made when the first name is asked for.
    resolver: OnceCell<TokioResolver>,
}

impl Names {
    pub(super) fn new(servers: Vec<SocketAddr>) -> Self {
        Self { servers, resolver: OnceCell::new() }
    }

    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, NameFault> {
        let made = self.resolver.get_or_try_init(async || self.make()).await;
        let resolver = made.map_err(|error| {
            rarely!(error, %error, "the system's name servers are not known: set POLICY_HTTP_DNS");
            NameFault::Unresolved
        })?;
        // A full name, so that no domain to search is put behind it; those of the system are a
        // matter of the system.
        let name = if self.servers.is_empty() { name.to_owned() } else { format!("{name}.") };
        let found = resolver.lookup_ip(name).await.map_err(|error| {
            tracing::debug!(%error, "a name was not resolved");
            NameFault::Unresolved
        })?;
        let addresses: Vec<_> = found.iter().take(MOST_ADDRESSES).collect();
        if addresses.is_empty() { Err(NameFault::Unresolved) } else { Ok(addresses) }
    }

    fn make(&self) -> Result<TokioResolver, NetError> {
        let mut builder = if self.servers.is_empty() {
            TokioResolver::builder_tokio()?
        } else {
            let servers = self.servers.iter().map(|server| asked_at(*server)).collect();
            let config = ResolverConfig::from_parts(None, Vec::new(), servers);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        bound(builder.options_mut());
        if !self.servers.is_empty() {
            builder.options_mut().use_hosts_file = ResolveHosts::Never;
        }
        builder.build()
    }
}

fn bound(options: &mut ResolverOpts) {
    options.timeout = TIMEOUT;
    options.attempts = ATTEMPTS;
    options.cache_size = NAMES_KEPT;
    options.positive_max_ttl = Some(KEPT);
    options.negative_max_ttl = Some(ABSENCE_KEPT);
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
}

/// By UDP, and by TCP what does not fit.
fn asked_at(server: SocketAddr) -> NameServerConfig {
    let ways = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    let ways = ways.map(|mut way| {
        way.port = server.port();
        way
    });
    NameServerConfig::new(server.ip(), true, ways.into())
}

/// Resolves names to addresses that may be reached, or not at all.
pub(super) struct Reachable {
    pub(super) names: Arc<Names>,
    /// Whether addresses that are not public may be reached.
    pub(super) private: bool,
}

impl Resolve for Reachable {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, private) = (Arc::clone(&self.names), self.private);
        Box::pin(async move {
            let addresses = names.addresses(name.as_str()).await?;
            // One that is forbidden spoils the others: which of them is connected to would be
            // chance.
            if !addresses.iter().all(|address| Reach::of(*address).is_allowed(private)) {
                return Err(NameFault::Forbidden.into());
            }
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
