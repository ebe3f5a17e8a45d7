/* A PKCS#11 module for tests: passes every call on to the one named in SPY_MODULE, writes what it saw into SPY_DIR/calls, and does
   what the files there tell it: `fail-sign` holds codes, one a line, that the next C_Sign calls answer; `close-all` and `finalize`
   make the sessions, or the whole library, go away just before the next C_SignInit; `rescan` makes the next C_GetSlotList look for
   tokens anew, as libraries for hardware do (SoftHSM looks only when it is initialised). */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long CK_RV;
typedef unsigned long CK_ULONG;

/* PKCS #11 v2.40 CK_FUNCTION_LIST: the version, then 68 functions in a fixed order. */
enum { INITIALIZE = 0, FINALIZE = 1, GET_SLOT_LIST = 4, OPEN_SESSION = 12, CLOSE_ALL_SESSIONS = 14, LOGIN = 18, SIGN_INIT = 42, SIGN = 43, COUNT = 68 };
typedef struct { unsigned char version[2]; void *functions[COUNT]; } List;

static List *real, own;
static CK_ULONG last_slot;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *path(const char *name) {
    static __thread char text[4096];
    snprintf(text, sizeof text, "%s/%s", getenv("SPY_DIR"), name);
    return text;
}

static void saw(const char *call) {
    FILE *file = fopen(path("calls"), "a");
    if (file) { fprintf(file, "%s\n", call); fclose(file); }
}

/* Takes the first line off a file of numbers; 0 where there is none. */
static CK_RV take(const char *name) {
    char rest[4096] = "", line[64];
    CK_RV code = 0;
    FILE *file = fopen(path(name), "r");
    if (!file) return 0;
    if (fgets(line, sizeof line, file)) code = strtoul(line, NULL, 0);
    while (fgets(line, sizeof line, file)) strncat(rest, line, sizeof rest - strlen(rest) - 1);
    fclose(file);
    if (*rest) { file = fopen(path(name), "w"); fputs(rest, file); fclose(file); } else unlink(path(name));
    return code;
}

static int told(const char *name) { return unlink(path(name)) == 0; }

static CK_RV get_slot_list(unsigned char present, CK_ULONG *slots, CK_ULONG *count) {
    pthread_mutex_lock(&lock);
    if (told("rescan")) {
        /* CK_C_INITIALIZE_ARGS: four mutex functions, CKF_OS_LOCKING_OK, reserved. */
        struct { void *mutex[4]; CK_ULONG flags; void *reserved; } arguments = { { 0 }, 2, 0 };
        ((CK_RV (*)(void *))real->functions[FINALIZE])(NULL);
        ((CK_RV (*)(void *))real->functions[INITIALIZE])(&arguments);
    }
    pthread_mutex_unlock(&lock);
    return ((CK_RV (*)(unsigned char, CK_ULONG *, CK_ULONG *))real->functions[GET_SLOT_LIST])(present, slots, count);
}

static CK_RV open_session(CK_ULONG slot, CK_ULONG flags, void *application, void *notify, CK_ULONG *handle) {
    pthread_mutex_lock(&lock); saw("open"); last_slot = slot; pthread_mutex_unlock(&lock);
    return ((CK_RV (*)(CK_ULONG, CK_ULONG, void *, void *, CK_ULONG *))real->functions[OPEN_SESSION])(slot, flags, application, notify, handle);
}

static CK_RV login(CK_ULONG session, CK_ULONG user, unsigned char *pin, CK_ULONG length) {
    pthread_mutex_lock(&lock); saw(user == 2 ? "context-login" : "login"); pthread_mutex_unlock(&lock);
    return ((CK_RV (*)(CK_ULONG, CK_ULONG, unsigned char *, CK_ULONG))real->functions[LOGIN])(session, user, pin, length);
}

static CK_RV sign_init(CK_ULONG session, void *mechanism, CK_ULONG key) {
    pthread_mutex_lock(&lock);
    saw("sign-init");
    if (told("close-all")) ((CK_RV (*)(CK_ULONG))real->functions[CLOSE_ALL_SESSIONS])(last_slot);
    if (told("finalize")) ((CK_RV (*)(void *))real->functions[FINALIZE])(NULL);
    pthread_mutex_unlock(&lock);
    return ((CK_RV (*)(CK_ULONG, void *, CK_ULONG))real->functions[SIGN_INIT])(session, mechanism, key);
}

static CK_RV sign(CK_ULONG session, void *data, CK_ULONG length, void *signature, CK_ULONG *signature_length) {
    CK_RV code = 0;
    if (signature) { pthread_mutex_lock(&lock); code = take("fail-sign"); pthread_mutex_unlock(&lock); }
    if (code) return code;
    return ((CK_RV (*)(CK_ULONG, void *, CK_ULONG, void *, CK_ULONG *))real->functions[SIGN])(session, data, length, signature, signature_length);
}

CK_RV C_GetFunctionList(List **list) {
    void *library = dlopen(getenv("SPY_MODULE"), RTLD_NOW | RTLD_LOCAL);
    if (!library) return 5;
    CK_RV (*get)(List **) = (CK_RV (*)(List **))dlsym(library, "C_GetFunctionList");
    CK_RV code = get ? get(&real) : 5;
    if (code) return code;
    own = *real;
    own.functions[GET_SLOT_LIST] = get_slot_list;
    own.functions[OPEN_SESSION] = open_session;
    own.functions[LOGIN] = login;
    own.functions[SIGN_INIT] = sign_init;
    own.functions[SIGN] = sign;
    *list = &own;
    return 0;
}
