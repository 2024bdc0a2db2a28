//! The ways in which cases write a request by hand, where an HTTP library would write it another way.

use crate::case::Piece::{
    self, AwaitContinue, AwaitResponse, Body, Chunk, Close, CloseWrite, EndOfHead, HalfBody, Headers, Length, Pause,
    Repeated, Silence, Target, Text, Trickle,
};

/// The first line and the headers of an honest request, and these pieces behind them.
macro_rules! head {
    ($($rest:expr),*) => { &[Target, Text(" HTTP/1.1\r\n"), Headers, $($rest),*] };
}

/// The whole head of an honest request, and these pieces behind it.
macro_rules! body {
    ($($rest:expr),*) => { head![Length, EndOfHead, $($rest),*] };
}

pub(super) const PACKETS: &[Piece] = body![Trickle(40, 5)];
pub(super) const SLOW: &[Piece] = body![Trickle(8, 250)];
pub(super) const CUT: &[Piece] = body![HalfBody, Close];
pub(super) const CUT_CHUNK: &[Piece] = head![Text("transfer-encoding: chunked\r\n\r\nfff\r\n"), HalfBody, Close];

/// The pause lets the work begin: many servers do not even start it for a sender who is gone already.
pub(super) const IMPATIENT: &[Piece] = body![Body, Pause(50), Close];

pub(super) const STALLED_BODY: &[Piece] = body![HalfBody, Silence];
pub(super) const STALLED_HEAD: &[Piece] = head![Silence];
pub(super) const IDLE: &[Piece] = &[Silence];

pub(super) const KEEP_ALIVE: &[Piece] =
    body![Body, AwaitResponse, Target, Text(" HTTP/1.1\r\n"), Headers, Length, EndOfHead, Body];
pub(super) const PIPELINED: &[Piece] =
    body![Body, Target, Text(" HTTP/1.1\r\n"), Headers, Length, EndOfHead, Body, AwaitResponse];
pub(super) const EXPECT: &[Piece] = head![Text("expect: 100-continue\r\n"), Length, EndOfHead, AwaitContinue, Body];
pub(super) const HTTP_1_0: &[Piece] = &[Target, Text(" HTTP/1.0\r\n"), Headers, Length, EndOfHead, Body];
pub(super) const HALF_CLOSED: &[Piece] = body![HalfBody, CloseWrite];

pub(super) const CONFLICTING: &[Piece] = head![Text("content-length: 5\r\n"), Length, EndOfHead, Body];
pub(super) const LENGTH_AND_CHUNKS: &[Piece] = head![Length, Text("transfer-encoding: chunked\r\n\r\n"), Chunk];
pub(super) const ABSURD: &[Piece] = head![Text("content-length: 99999999999999999999999999999999\r\n\r\n"), Body];
pub(super) const NEGATIVE: &[Piece] = head![Text("content-length: -1\r\n\r\n"), Body];
pub(super) const TERABYTE: &[Piece] = head![Text("content-length: 1099511627776\r\n\r\n"), Body, Close];
pub(super) const BROKEN_CHUNK: &[Piece] =
    head![Text("transfer-encoding: chunked\r\n\r\nxyz\r\n"), Body, Text("\r\n0\r\n\r\n")];
pub(super) const EXTENSION: &[Piece] =
    head![Text("transfer-encoding: chunked\r\n\r\n1;x="), Repeated("x", 1 << 20), Text("\r\n{\r\n0\r\n\r\n")];

pub(super) const MANY_HEADERS: &[Piece] = head![Repeated("x-many: 1\r\n", 2000), Length, EndOfHead, Body];
pub(super) const LONG_HEADER: &[Piece] =
    head![Text("x-long: "), Repeated("x", 1 << 20), Text("\r\n"), Length, EndOfHead, Body];
pub(super) const LONG_URL: &[Piece] =
    &[Text("POST /"), Repeated("x", 1 << 20), Text(" HTTP/1.1\r\n"), Headers, Length, EndOfHead, Body];
pub(super) const NO_HOST: &[Piece] =
    &[Target, Text(" HTTP/1.1\r\ncontent-type: application/json\r\n"), Length, EndOfHead, Body];
pub(super) const MAIL: &[Piece] = &[Text("EHLO mail.example.com\r\nMAIL FROM:<a@example.com>\r\n\r\n")];
pub(super) const TLS_HELLO: &[Piece] =
    &[Text("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{7f}\u{3}\u{3}"), Repeated("\u{1}", 500)];
