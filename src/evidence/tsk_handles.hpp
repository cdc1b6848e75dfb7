// SPDX-License-Identifier: Apache-2.0
// RAII for libtsk handles, and its per-thread error text. Private to src/evidence: nothing outside sees libtsk.
#pragma once
#include <tsk/libtsk.h>

#include <memory>
#include <string>

namespace necropsy {

template <auto Close>
struct TskCloser {
  template <class T>
  void operator()(T* handle) const noexcept {
    Close(handle);
  }
};

using TskImage = std::unique_ptr<TSK_IMG_INFO, TskCloser<tsk_img_close>>;
using TskVolumeSystem = std::unique_ptr<TSK_VS_INFO, TskCloser<tsk_vs_close>>;
using TskFilesystem = std::unique_ptr<TSK_FS_INFO, TskCloser<tsk_fs_close>>;
using TskFile = std::unique_ptr<TSK_FS_FILE, TskCloser<tsk_fs_file_close>>;
using TskDirectory = std::unique_ptr<TSK_FS_DIR, TskCloser<tsk_fs_dir_close>>;

// The last error of this thread as one line, and clears it: libtsk keeps the text per thread and overwrites it with the
// next failing call, so ask right after the failure. Never empty.
inline std::string tsk_error_text() {
  const char* text = tsk_error_get();
  std::string out = text ? text : "libtsk gave no reason";
  for (char& c : out)
    if (c == '\n' || c == '\r') c = ' ';
  tsk_error_reset();
  return out;
}

}  // namespace necropsy
