//! A client that sends bytes as no decent client would.

use std::io;
use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};

use super::{Answer, in_time};

/// One connection.
pub(crate) struct Raw {
    sender: OwnedWriteHalf,
    receiver: Receiver,
}

/// Its receiving half.
pub(crate) struct Receiver {
    stream: OwnedReadHalf,
    received: Vec<u8>,
}

/// A whole request with a JSON body.
pub(crate) fn post_bytes(path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: \
         {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

impl Raw {
    pub(crate) async fn connect(address: &str) -> Self {
        Self::of(TcpStream::connect(address).await.unwrap())
    }

    /// From another address of this machine.
    pub(crate) async fn connect_from(address: &str, own: IpAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((own, 0).into()).unwrap();
        Self::of(socket.connect(address.parse().unwrap()).await.unwrap())
    }

    /// As a client whose system takes nearly nothing that the client does not read.
    pub(crate) async fn connect_narrow(address: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(2048).unwrap();
        Self::of(socket.connect(address.parse().unwrap()).await.unwrap())
    }

    fn of(stream: TcpStream) -> Self {
        let (stream, sender) = stream.into_split();
        Self { sender, receiver: Receiver { stream, received: Vec::new() } }
    }

    /// Ends the connection as a client that crashed does: with a reset.
    pub(crate) fn break_off(self) {
        let stream = self.receiver.stream.reunite(self.sender).unwrap();
        stream.set_zero_linger().unwrap();
    }

    /// For sending and receiving at the same time.
    pub(crate) fn split(self) -> (Receiver, OwnedWriteHalf) {
        (self.receiver, self.sender)
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sender.write_all(bytes).await
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        self.receiver.answer().await
    }

    /// The next answer, or none if the connection ends instead.
    pub(crate) async fn answer_or_end(&mut self) -> Option<Answer> {
        let Receiver { stream, received } = &mut self.receiver;
        if received.is_empty() && in_time("a byte", stream.peek(&mut [0])).await.unwrap() == 0 {
            return None;
        }
        Some(self.receiver.answer().await)
    }

    pub(crate) async fn ended(&mut self) {
        self.receiver.ended().await;
    }

    /// At most so many bytes of what has arrived; none at the end.
    pub(crate) async fn some_bytes(&mut self, most: usize) -> io::Result<usize> {
        self.receiver.stream.read(&mut vec![0; most]).await
    }
}

impl Receiver {
    /// The next answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        in_time("an answer", async {
            let end = self
                .until(|bytes| {
                    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
                })
                .await;
            let head = String::from_utf8(self.received.drain(..end).collect()).unwrap();
            let mut lines = head.lines();
            let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
            let headers: HeaderMap = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| {
                    (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
                })
                .collect();
            let length = headers
                .get("content-length")
                .map_or(0, |length| length.to_str().unwrap().parse().unwrap());
            self.until(|bytes| (bytes.len() >= length).then_some(length)).await;
            Answer { status, headers, body: self.received.drain(..length).collect() }
        })
        .await
    }

    /// Waits until the other side has ended the connection, however it did.
    pub(crate) async fn ended(&mut self) {
        in_time("the end of the connection", async {
            let mut buffer = [0; 4096];
            while self.stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
        })
        .await;
    }

    async fn until(&mut self, mut complete: impl FnMut(&[u8]) -> Option<usize>) -> usize {
        loop {
            if let Some(length) = complete(&self.received) {
                return length;
            }
            let read = self.stream.read_buf(&mut self.received).await.unwrap();
            assert_ne!(
                read,
                0,
                "the connection ended within an answer: {:?}",
                String::from_utf8_lossy(&self.received)
            );
        }
    }
}
