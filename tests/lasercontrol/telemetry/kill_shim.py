"""A shared library that ends a process before its k-th call that changes a file, compiled where there is a compiler."""

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

__all__ = ["COMPILER", "armed", "compiled"]

COMPILER = shutil.which("cc")
SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

static long left = -1, seen = 0;
static int torn = 0;

void kill_at(long calls, int half) { left = calls; torn = half; seen = 0; }
long calls_seen(void) { return seen; }

static int last(void) { seen++; return left >= 0 && left-- == 0; }
static void die(void) { kill(getpid(), SIGKILL); pause(); }

#define REAL(name, result, ...) static result (*real)(__VA_ARGS__); \
  if (!real) real = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

#define WRITES(symbol, name) ssize_t symbol(int fd, const void *from, size_t size, off_t at) { \
  REAL(name, ssize_t, int, const void *, size_t, off_t); \
  if (last()) { if (torn) real(fd, from, size / 2, at); die(); } \
  return real(fd, from, size, at); }

WRITES(pwrite, "pwrite")
WRITES(pwrite64, "pwrite64")

ssize_t write(int fd, const void *from, size_t size) {
  REAL("write", ssize_t, int, const void *, size_t);
  if (fd > 2 && last()) { if (torn) real(fd, from, size / 2); die(); }
  return real(fd, from, size); }
#define ENDS(symbol, name) int symbol(int fd, off_t size) { \
  REAL(name, int, int, off_t); if (last()) die(); return real(fd, size); }
ENDS(ftruncate, "ftruncate")
ENDS(ftruncate64, "ftruncate64")
int fdatasync(int fd) { REAL("fdatasync", int, int); if (last()) die(); return real(fd); }
int fsync(int fd) { REAL("fsync", int, int); if (last()) die(); return real(fd); }
int rename(const char *a, const char *b) {
  REAL("rename", int, const char *, const char *); if (last()) die(); return real(a, b); }
"""


def compiled(folder: Path) -> Path:
    """Compile it into a folder."""
    source, library = folder / "kill.c", folder / "kill.so"
    source.write_text(SOURCE, encoding="utf-8")
    command = [str(COMPILER), "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
    subprocess.run(command, check=True)
    return library


def armed(calls: int, *, torn: bool) -> ctypes.CDLL:
    """From now on in this process, count; die before call number `calls` (never where it is negative).

    torn: a write that is the last puts half of its bytes there first.
    """
    library = ctypes.CDLL(os.environ["LD_PRELOAD"])
    library.kill_at.argtypes = [ctypes.c_long, ctypes.c_int]
    library.calls_seen.restype = ctypes.c_long
    library.kill_at(calls, int(torn))
    return library
