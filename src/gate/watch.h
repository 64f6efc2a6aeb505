/* Watches one file with inotify and calls back when its content may have changed. */
#pragma once

/* fn runs on the loop of the calling thread, once things have been quiet for 100 ms. Editors
 * that replace the file and configuration mounts that swap a link are noticed too: the folder is
 * watched. */
void watch_file(const char *path, void (*fn)(void));
void watch_end(void);
