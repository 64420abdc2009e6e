//! A name server of the tests' own: UDP on loopback, with the answers that a test gives.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

const A: u16 = 1;
const AAAA: u16 = 28;
const NO_SUCH_NAME: u8 = 3;

/// A name server, until it is dropped.
pub(crate) struct Dns {
    address: SocketAddr,
    names: Arc<Mutex<HashMap<String, Name>>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Name {
    /// What is answered to the first question of a kind, to the second; the last one stays.
    answers: Vec<Vec<IpAddr>>,
    is_silent: bool,
    /// How often it was asked for an address of IPv4, of IPv6.
    asked: [usize; 2],
}

impl Dns {
    /// Knows no name.
    pub(crate) async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let names = Arc::default();
        let task = tokio::spawn(serve(socket, Arc::clone(&names)));
        Self { address, names, task }
    }

    /// For `POLICY_HTTP_DNS`.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on a name has these addresses, of both kinds.
    pub(crate) fn name(&self, name: &str, addresses: &[&str]) {
        self.changes(name, &[addresses]);
    }

    /// A name whose addresses change with each question: the last ones stay.
    pub(crate) fn changes(&self, name: &str, answers: &[&[&str]]) {
        let read = |answer: &&[&str]| answer.iter().map(|text| text.parse().unwrap()).collect();
        let answers = answers.iter().map(read).collect();
        self.names.lock().unwrap().insert(name.into(), Name { answers, ..Name::default() });
    }

    /// Questions for this name get no answer.
    pub(crate) fn is_silent(&self, name: &str) {
        self.names.lock().unwrap().insert(name.into(), Name { is_silent: true, ..Name::default() });
    }

    /// How often a name was asked for, of the kind of address that was asked for most.
    pub(crate) fn asked(&self, name: &str) -> usize {
        let names = self.names.lock().unwrap();
        names.get(name).map_or(0, |name| *name.asked.iter().max().unwrap())
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: UdpSocket, names: Arc<Mutex<HashMap<String, Name>>>) {
    let mut buffer = [0; 4096];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        let Some(answer) = answer(&buffer[..length], &names) else { continue };
        socket.send_to(&answer, from).await.unwrap();
    }
}

/// RFC 1035, section 4.
fn answer(question: &[u8], names: &Mutex<HashMap<String, Name>>) -> Option<Vec<u8>> {
    let (name, end) = name_at(question, 12)?;
    let kind = u16::from_be_bytes([*question.get(end)?, *question.get(end + 1)?]);
    let mut names = names.lock().unwrap();
    let mut known = names.get_mut(&name);
    let addresses = match &mut known {
        Some(known) => addresses(known, kind)?,
        None => Vec::new(),
    };
    let code = if known.is_some() { 0 } else { NO_SUCH_NAME };
    let mut answer = question[..2].to_vec();
    // A response with authority, recursion wanted and available; one question.
    answer.extend([0x85, 0x80 | code, 0, 1, 0, u8::try_from(addresses.len()).unwrap()]);
    answer.extend([0; 4]);
    answer.extend(&question[12..end + 4]);
    for address in addresses {
        let bytes = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        // The name of the question; the class of the Internet; to be kept for no second.
        answer.extend([0xc0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 0, 0, u8::try_from(bytes.len()).unwrap()]);
        answer.extend(bytes);
    }
    Some(answer)
}

/// None for silence.
fn addresses(name: &mut Name, kind: u16) -> Option<Vec<IpAddr>> {
    let place = match kind {
        A => 0,
        AAAA => 1,
        _ => return Some(Vec::new()),
    };
    let turn = name.asked[place];
    name.asked[place] += 1;
    if name.is_silent {
        return None;
    }
    let answer = name.answers.get(turn).or(name.answers.last())?;
    Some(answer.iter().copied().filter(|address| address.is_ipv6() == (kind == AAAA)).collect())
}

/// The name that begins there in lower case, and where it ends.
fn name_at(bytes: &[u8], mut place: usize) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*bytes.get(place)?);
        place += 1;
        if length == 0 {
            return Some((labels.join("."), place));
        }
        let label = bytes.get(place..place + length)?;
        labels.push(String::from_utf8_lossy(label).to_lowercase());
        place += length;
    }
}
