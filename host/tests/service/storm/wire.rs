//! A client as small as can be: one request on a connection of its own.

use std::io;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Posts a body, or gets; status, body and the connection, which stays open.
pub(super) async fn ask(
    address: &str,
    path: &str,
    body: Option<&Value>,
) -> io::Result<(u16, Value, TcpStream)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let request = match body.map(ToString::to_string) {
        Some(body) => format!(
            "POST {path} HTTP/1.1\r\nHost: auth-service:7971\r\nUser-Agent: \
             Go-http-client/1.1\r\nContent-Length: {}\r\nContent-Type: application/json\r\n\r\n{body}",
            body.len()
        ),
        None => format!("GET {path} HTTP/1.1\r\nHost: auth-service:7971\r\n\r\n"),
    };
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    loop {
        if let Some((status, body)) = answer(&bytes) {
            return Ok((status, serde_json::from_slice(body).unwrap_or(Value::Null), stream));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Status and body, once they have arrived as a whole.
fn answer(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let head_end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..head_end]).ok()?.to_ascii_lowercase();
    let length: usize =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let body = bytes.get(head_end..head_end + length)?;
    Some((status, body))
}
