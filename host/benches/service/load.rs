//! Load: connections that send one request after the other. The client is as small as can be,
//! because it shares the processors.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A kept connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    /// Posts JSON; the body of the answer, which must be a 200.
    pub async fn post(&mut self, path: &str, json: &str) -> String {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: auth\r\ncontent-type: \
             application/json\r\ncontent-length: {}\r\n\r\n{json}",
            json.len()
        );
        self.stream.write_all(request.as_bytes()).await.unwrap();
        self.buffer.clear();
        loop {
            assert!(
                self.stream.read_buf(&mut self.buffer).await.unwrap() > 0,
                "the service closed the connection"
            );
            let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
                continue;
            };
            let head = std::str::from_utf8(&self.buffer[..end]).unwrap();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .unwrap()
                .parse::<usize>()
                .unwrap();
            let body = end + 4..end + 4 + length;
            if self.buffer.len() >= body.end {
                let text = String::from_utf8(self.buffer[body].to_vec()).unwrap();
                assert!(head.starts_with("HTTP/1.1 200"), "{head}\n{text}");
                return text;
            }
        }
    }
}

/// What came of a round.
pub struct Round {
    pub per_second: f64,
    pub microseconds: Vec<f64>,
}

/// Lets every client send its requests for so long; `next` makes a client's next request from its
/// last answer.
pub async fn round(
    clients: &mut Vec<(Connection, String)>,
    path: &'static str,
    time: Duration,
    next: fn(String) -> String,
) -> Round {
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for (mut connection, mut body) in clients.drain(..) {
        tasks.spawn(async move {
            let mut microseconds = Vec::new();
            while started.elapsed() < time {
                let sent = Instant::now();
                let answer = connection.post(path, &body).await;
                microseconds.push(sent.elapsed().as_secs_f64() * 1e6);
                body = if path.ends_with("refresh") { next(answer) } else { next(body) };
            }
            (connection, body, microseconds)
        });
    }
    let mut all = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (connection, body, microseconds) = done.unwrap();
        clients.push((connection, body));
        all.extend(microseconds);
    }
    Round { per_second: all.len() as f64 / started.elapsed().as_secs_f64(), microseconds: all }
}
