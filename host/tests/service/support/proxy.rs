//! A network that fails: a TCP proxy on loopback.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A way to a server, until it is dropped.
pub(crate) struct Proxy {
    address: String,
    way: Arc<Way>,
    task: JoinHandle<()>,
}

/// Which side sends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sender {
    Client,
    Server,
}

struct Way {
    state: watch::Sender<State>,
    /// After so many more bytes of a side, the connection that carries the last of them is cut.
    cuts: [Mutex<Option<usize>>; 2],
    accepted: AtomicUsize,
}

#[derive(Clone, Copy)]
struct State {
    refusing: bool,
    frozen: bool,
    /// Connections that are older than the last cut end.
    cuts: u64,
    /// Connections that are older than the last loss carry nothing any more.
    losses: u64,
}

impl Proxy {
    /// To a server at this address.
    pub(crate) async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state =
            watch::Sender::new(State { refusing: false, frozen: false, cuts: 0, losses: 0 });
        let way = Arc::new(Way { state, cuts: Default::default(), accepted: AtomicUsize::new(0) });
        let task = tokio::spawn(accept(listener, server.to_owned(), Arc::clone(&way)));
        Self { address, way, task }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// How many connections came so far.
    pub(crate) fn accepted(&self) -> usize {
        self.way.accepted.load(Ordering::Relaxed)
    }

    /// Resets all open connections; new ones are taken.
    pub(crate) fn cut(&self) {
        self.way.state.send_modify(|state| state.cuts += 1);
    }

    /// Resets one connection after so many more bytes from one side (of all connections together),
    /// in the middle of a message as it may be.
    pub(crate) fn cut_after(&self, sender: Sender, bytes: usize) {
        *self.way.cuts[sender as usize].lock().unwrap() = Some(bytes);
    }

    /// Whether that is still to come.
    pub(crate) fn is_about_to_cut(&self) -> bool {
        self.way.cuts.iter().any(|cut| cut.lock().unwrap().is_some())
    }

    /// Resets all connections, new ones as well.
    pub(crate) fn refuse(&self) {
        self.way.state.send_modify(|state| (state.refusing, state.cuts) = (true, state.cuts + 1));
    }

    pub(crate) fn accept(&self) {
        self.way.state.send_modify(|state| state.refusing = false);
    }

    /// Forgets all open connections without a word, as a firewall does; new ones work.
    pub(crate) fn lose(&self) {
        self.way.state.send_modify(|state| state.losses += 1);
    }

    /// Keeps all connections open and carries nothing.
    pub(crate) fn freeze(&self) {
        self.way.state.send_modify(|state| state.frozen = true);
    }

    pub(crate) fn thaw(&self) {
        self.way.state.send_modify(|state| state.frozen = false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, server: String, way: Arc<Way>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        way.accepted.fetch_add(1, Ordering::Relaxed);
        client.set_nodelay(true).unwrap();
        if way.state.borrow().refusing {
            let _ = client.set_zero_linger();
        } else {
            tokio::spawn(carry(client, server.clone(), Arc::clone(&way)));
        }
    }
}

async fn carry(mut client: TcpStream, server: String, way: Arc<Way>) {
    let mut state = way.state.subscribe();
    let born = state.borrow().cuts;
    let Ok(mut server) = TcpStream::connect(&server).await else {
        let _ = client.set_zero_linger();
        return;
    };
    let _ = server.set_nodelay(true);
    let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
    let up = copy(from_client, to_server, Sender::Client, &way);
    let down = copy(from_server, to_client, Sender::Server, &way);
    let cut = tokio::select! {
        ends = async { tokio::try_join!(up, down) } => ends.is_err(),
        _ = state.wait_for(|state| state.cuts > born) => true,
    };
    if cut {
        let _ = client.set_zero_linger();
        let _ = server.set_zero_linger();
    }
}

/// Carries what one side sends until it ends; an error where the connection is to be cut.
async fn copy(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    sender: Sender,
    way: &Way,
) -> io::Result<()> {
    let mut state = way.state.subscribe();
    let born = state.borrow().losses;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        let _ = state.wait_for(|state| !state.frozen && state.losses == born).await;
        if read == 0 {
            return to.shutdown().await;
        }
        let allowed = way.allowed(sender, read);
        to.write_all(&buffer[..allowed.unwrap_or(read)]).await?;
        if allowed.is_some() {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
    }
}

impl Way {
    /// How many of these bytes may still pass, where the connection is cut after them.
    fn allowed(&self, sender: Sender, bytes: usize) -> Option<usize> {
        let mut left = self.cuts[sender as usize].lock().unwrap();
        match *left {
            Some(allowed) if allowed <= bytes => left.take(),
            _ => {
                *left = left.map(|left| left - bytes);
                None
            }
        }
    }
}
