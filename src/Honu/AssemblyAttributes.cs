// Keys are built on the stack for every read and write: clearing up to 4 KiB first would cost more than the lookup. Only what was written is read.
[module: System.Runtime.CompilerServices.SkipLocalsInit]
