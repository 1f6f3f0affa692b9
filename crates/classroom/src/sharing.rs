//! Where phones reach this machine: its address on the local network, and the join URL with its QR code.

use super::{code::JoinCode, page::JoinInfo};
use qrcode::{QrCode, render::svg};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
};

/// A documentation address (RFC 5737), which no machine has.
const ELSEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// This machine's address on the local network: the one it would send from. Nothing is sent.
pub fn own_address() -> io::Result<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.connect(ELSEWHERE)?;
    let own = socket.local_addr()?.ip();
    let is_reached = !own.is_loopback() && !own.is_unspecified();
    is_reached.then_some(own).ok_or_else(|| io::ErrorKind::NetworkUnreachable.into())
}

/// What students need in order to join.
pub(super) fn shared(addr: SocketAddr, code: &JoinCode) -> JoinInfo {
    JoinInfo { url: format!("http://{addr}/join?code={code}"), code: code.to_string() }
}

/// The join URL as a QR code.
pub(super) fn picture(url: &str) -> Option<String> {
    let code = QrCode::new(url).ok()?;
    Some(code.render::<svg::Color>().min_dimensions(240, 240).build())
}
