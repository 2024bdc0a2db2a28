//! The bodies that go in to the inner service and out to the sender.

mod request;
mod response;

pub use self::request::RequestBody;
pub use self::response::ResponseBody;
