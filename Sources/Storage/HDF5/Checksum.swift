/// Whether checksums must be right.
enum Checksum {
    #if APUS_FUZZING
        /// In fuzz targets, which no distributed library is made of: a mutation would seldom get past a checksum, while
        /// a hostile writer makes them right.
        static let counts = false
    #else
        static let counts = true
    #endif
}
