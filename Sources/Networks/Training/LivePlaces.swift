/// Places for what is needed for a part of a pass only: what one has left, a later one takes. A gradient lives from the
/// step that first writes it, the last of its readers in forward order, to the step that made the value; a value of a
/// plan for inference from the step that makes it to the last that reads it.
package struct LivePlaces {
    /// Floats in all.
    package private(set) var size = 0
    /// What is free again, by ascending place, neighbours joined.
    private var free: [(place: Int, count: Int)] = []

    package init() {}

    /// A place for `count` floats, a multiple of 16: the smallest free one that has room, else at the end.
    package mutating func take(_ count: Int) -> Int {
        var best: Int?
        for (index, item) in free.enumerated() where item.count >= count {
            if best.map({ free[$0].count > item.count }) ?? true { best = index }
        }
        if let best {
            let place = free[best].place
            if free[best].count == count {
                free.remove(at: best)
            } else {
                free[best] = (place + count, free[best].count - count)
            }
            return place
        }
        // A free piece at the end grows.
        let place = if let last = free.last, last.place + last.count == size { last.place } else { size }
        if place < size { free.removeLast() }
        size = place + count
        return place
    }

    /// Gives a place back.
    package mutating func leave(_ place: Int, _ count: Int) {
        if count == 0 { return }
        let index = free.firstIndex { $0.place > place } ?? free.count
        free.insert((place, count), at: index)
        if index + 1 < free.count, place + count == free[index + 1].place {
            free[index].count += free.remove(at: index + 1).count
        }
        if index > 0, free[index - 1].place + free[index - 1].count == place {
            free[index - 1].count += free.remove(at: index).count
        }
    }
}
