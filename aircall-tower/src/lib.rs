//! Receive Aircall webhooks safely: a tower layer that authenticates, parses and acknowledges in time.
