package store
import "gorm.io/gorm"
func WriterForTest(s *Store) *gorm.DB { return s.writer }
