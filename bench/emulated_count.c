// Counts the instructions of an emulated program: a plugin for QEMU's user-mode emulators.
//
//   qemu-aarch64 -plugin emulated_count.so,out=FILE PROGRAM ARGUMENT...
//
// Declared here is the little that it uses of version 1 of QEMU's documented interface for TCG
// plugins, which Debian 12's QEMU has and ships no header of. QEMU refuses a version it has not.
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
struct qemu_info;

typedef void (*on_translation)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*on_exit_of_all)(qemu_plugin_id_t, void *);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, on_translation);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, on_exit_of_all, void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, enum qemu_plugin_op,
                                              void *counter, uint64_t add);

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int qemu_plugin_version = 1;
EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int count,
                                 char **words);

static uint64_t executed;
static char path[4096];

// A block is left before its end only by a signal, and the programs counted get none. Additions are
// not atomic: for programs of one thread.
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &executed,
                                             qemu_plugin_tb_n_insns(block));
}

static void finished(qemu_plugin_id_t id, void *unused) {
    (void)id, (void)unused;
    FILE *const out = fopen(path, "w");
    if (out == NULL) {
        perror(path);
        return;
    }
    fprintf(out, "%" PRIu64 "\n", executed);
    fclose(out);
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int count,
                        char **words) {
    (void)info;
    if (count != 1 || strncmp(words[0], "out=", 4) != 0 || strlen(words[0]) >= sizeof path) {
        fprintf(stderr, "emulated_count: need out=FILE\n");
        return 1;
    }
    strcpy(path, words[0] + 4);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, finished, NULL);
    return 0;
}
