//! Limits connections, in all and from each address, so that one machine in the hall can't shut out the others.

use std::{cell::RefCell, collections::HashMap, net::IpAddr, rc::Rc};

/// Most connections of a listener.
const MOST: usize = 1000;
/// Most from one address: a phone needs two or three, and a whole row of phones may share a router's address.
const MOST_FROM_ONE: usize = 100;

/// The connections of a listener, by the address that they come from.
#[derive(Debug, Default, Clone)]
pub(super) struct ConnectionLimit(Rc<RefCell<HashMap<IpAddr, usize>>>);

/// A connection's place, freed on drop.
#[derive(Debug)]
pub(super) struct ConnectionPlace {
    crowd: ConnectionLimit,
    from: IpAddr,
}

impl ConnectionLimit {
    /// Admits a connection, if there is room.
    pub(super) fn enter(&self, from: IpAddr) -> Option<ConnectionPlace> {
        let mut all = self.0.borrow_mut();
        let is_room = all.values().sum::<usize>() < MOST;
        let from_it = all.entry(from).or_default();
        // Only this machine uses the loopback interface.
        let may = is_room && (*from_it < MOST_FROM_ONE || from.is_loopback());
        *from_it += usize::from(may);
        if *from_it == 0 {
            all.remove(&from);
        }
        may.then(|| ConnectionPlace { crowd: self.clone(), from })
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        let mut all = self.crowd.0.borrow_mut();
        if let Some(from_it) = all.get_mut(&self.from) {
            *from_it -= 1;
            if *from_it == 0 {
                all.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_leaves_room_for_others_and_places_come_back() {
        let (crowd, address) = (ConnectionLimit::default(), |last| IpAddr::from([192, 0, 2, last]));
        let mut places: Vec<ConnectionPlace> = (0..MOST_FROM_ONE).filter_map(|_| crowd.enter(address(1))).collect();
        assert_eq!(places.len(), MOST_FROM_ONE);
        assert!(crowd.enter(address(1)).is_none());
        assert!(crowd.enter(address(2)).is_some());
        places.pop();
        assert!(crowd.enter(address(1)).is_some());

        let here = IpAddr::from([127, 0, 0, 1]);
        places.extend((places.len()..MOST).filter_map(|_| crowd.enter(here)));
        assert_eq!(places.len(), MOST);
        assert!(crowd.enter(here).is_none() && crowd.enter(address(2)).is_none());
        drop(places);
        assert!(crowd.0.borrow().is_empty());
    }
}
